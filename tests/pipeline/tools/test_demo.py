import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv
from sklearn.metrics import roc_auc_score

from features.config import Config
from features.errors import DataError
from pipeline.tools import demo
from pipeline.tools.demo_recipe import CATEGORICALS, COLUMNS, NUMERICS

CONFIG = Path(__file__).parents[3] / "configs" / "demo.yaml"


TYPES = {name: pa.string() for name in CATEGORICALS} | {"label": pa.int8()}


def read(path):
    return csv.read_csv(
        path,
        csv.ReadOptions(column_names=COLUMNS),
        csv.ParseOptions(delimiter="\t"),
        csv.ConvertOptions(
            strings_can_be_null=True,
            column_types={name: pa.string() for name in CATEGORICALS} | {"label": pa.int8()},
        ),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    truth = demo.generate(folder, 60_000, seed=3)
    return folder, truth, read(folder / "train.tsv"), read(folder / "test.tsv")


def codes(table, names):
    """Values of one or more features as one integer code; numbers in steps of their logarithm."""
    code = np.zeros(table.num_rows, np.int64)
    for name in names:
        column = table[name]
        if name in NUMERICS:
            column = pc.floor(pc.multiply(pc.ln(pc.add(pc.cast(column, pa.float64()), 0.5)), 3.0))
        hashes = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
        code = code * 100_000 + (hashes.chunk(0) if isinstance(hashes, pa.ChunkedArray) else hashes).indices.to_numpy()
    return code


def auc_alone(train, test, *names):
    """Test AUC of the smoothed mean label per value, learnt on train."""
    code = codes(pa.concat_tables([train, test]), names)
    values, code = np.unique(code, return_inverse=True)
    labels = train["label"].to_numpy()
    known = code[: len(labels)]
    sums = np.bincount(known, labels, len(values)) + 20 * labels.mean()
    means = sums / (np.bincount(known, minlength=len(values)) + 20)
    return roc_auc_score(test["label"].to_numpy(), means[code[len(labels) :]])


def test_format_and_sizes(made):
    _, truth, train, test = made
    assert (train.num_rows, test.num_rows, train.num_columns) == (60_000, 15_000, 40)
    assert all(train[name].type == pa.int64() for name in NUMERICS)
    tokens = pc.drop_null(train["C3"])
    assert pc.all(pc.match_substring_regex(tokens, "^[0-9a-f]{8}$")).as_py()
    assert train["label"].to_numpy().mean() == pytest.approx(0.25, abs=0.01)
    assert 0.78 < truth.bayes_auc < 0.83
    distinct = {name: len(train[name].unique()) for name in CATEGORICALS}
    assert distinct["C9"] == 10
    assert distinct["C3"] > 4000
    missing = [train[name].null_count / train.num_rows for name in COLUMNS[1:]]
    assert min(missing) == 0
    assert max(missing) == pytest.approx(0.45, abs=0.01)


def test_frequencies_follow_zipf(made):
    _, _, train, _ = made
    counts = np.sort(pc.value_counts(pc.drop_null(train["C12"])).field("counts").to_numpy())[::-1]
    ranks = np.arange(1, 101)
    slope = np.polyfit(np.log(ranks), np.log(counts[:100]), 1)[0]
    assert -1.3 < slope < -0.8


def test_single_features_have_signal_and_noise_has_none(made):
    _, truth, train, test = made
    alone = {name: auc_alone(train, test, name) for name in COLUMNS[1:]}
    paired = {name for pair in truth.pairs for name in pair}
    assert len(truth.informative) == 10
    assert min(alone[name] for name in truth.informative if name not in paired) > 0.54
    noise = [name for name in COLUMNS[1:] if name not in truth.informative and name not in truth.copies]
    assert len(noise) == 26
    assert max(abs(alone[name] - 0.5) for name in [*noise, *paired]) < 0.02


def test_pair_matters_only_together(made):
    _, truth, train, test = made
    for pair in truth.pairs:
        assert auc_alone(train, test, *pair) > 0.66


def test_copies_repeat_their_original(made):
    _, truth, train, _ = made
    for copy, original in truth.copies.items():
        equal = pc.fill_null(pc.equal(train[copy], train[original]), False)
        both_missing = pc.and_(pc.is_null(train[copy]), pc.is_null(train[original]))
        assert pc.mean(pc.cast(pc.or_(equal, both_missing), pa.float64())).as_py() == pytest.approx(0.93, abs=0.02)
        assert original in truth.informative


def test_same_seed_gives_the_same_bytes_and_another_seed_others(made, tmp_path):
    demo.generate(tmp_path / "a", 500, seed=5)
    demo.generate(tmp_path / "b", 500, seed=5)
    demo.generate(tmp_path / "c", 500, seed=6)
    for name in ("train.tsv", "test.tsv", "truth.json"):
        first, second, third = ((tmp_path / folder / name).read_bytes() for folder in "abc")
        assert first == second
        assert first != third
    assert (tmp_path / "a/train.tsv").read_bytes() != (tmp_path / "a/test.tsv").read_bytes()


def test_many_blocks_hold_all_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_BLOCK", 300)
    demo.generate(tmp_path, 1000, seed=1)
    train = read(tmp_path / "train.tsv")
    assert train.num_rows == 1000
    assert train.slice(0, 300) != train.slice(300, 300)


def test_made_data_are_left_alone_and_broken_data_made_again(tmp_path):
    truth = demo.generate(tmp_path, 200, seed=1)
    (tmp_path / "train.tsv").write_text("mine")
    assert demo.generate(tmp_path, 200, seed=1) == truth
    assert (tmp_path / "train.tsv").read_text() == "mine"
    (tmp_path / "truth.json").write_text("{")
    assert demo.generate(tmp_path, 200, seed=1) == truth
    assert read(tmp_path / "train.tsv").num_rows == 200
    demo.generate(tmp_path, 100, seed=1)
    assert json.loads((tmp_path / "truth.json").read_text())["rows"] == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test.tsv", "train.tsv", "truth.json"]


def test_no_rows_is_an_error(tmp_path):
    with pytest.raises(DataError, match="0 rows of demo data"):
        demo.generate(tmp_path / "none", 0)


def test_a_copy_counts_only_where_its_original_is_missing(made):
    _, truth, _, _ = made
    marks = demo.mark(truth, ["C23", "I8", "C2", "C5", "C9", "I1"])
    assert marks.recovered == 4
    assert marks.kept == ["C23", "C2", "C9"]
    assert marks.stood_in == {"I2": "I8"}
    assert marks.repeated == ["C5"]
    assert marks.noise == ["I1"]
    assert marks.missed == ["I6", "I11", "C6", "C10", "C14", "C17"]
    assert str(marks).splitlines() == [
        "4 of 10 planted features kept: C23, C2, C9",
        "I8 kept instead of I2, whose copy it is",
        "missed: I6, I11, C6, C10, C14, C17",
        "copies kept beside their original: C5",
        "noise kept: I1",
    ]
    assert demo.mark(truth, truth.informative).recovered == 10


def test_config_reads_what_is_generated():
    config = Config.load(CONFIG)
    assert config.data.columns == COLUMNS
    assert len(config.resolve(COLUMNS)) == 39

"""Vocabularies that a budget cuts: the same rows in proof, spec, SavedModel, scores and pruned config."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.errors import DataError
from features.spec import FeatureSpec
from pipeline.dataset.transformed import Transformed
from tests.conftest import SMALL_CONFIG, small_logs


def with_items(rows: int, seed: int) -> pa.Table:
    """Small logs in which one of 400 items, few of them frequent, decides with the rest."""
    logs = small_logs(rows, seed)
    item = (400 * np.random.default_rng(seed).random(rows) ** 3).astype(int)
    clicked = np.where(item % 3 == 0, 1, logs["click"].to_numpy())
    return logs.set_column(0, "click", pa.array(clicked)).append_column("item", pa.array([f"i{n}" for n in item]))


@pytest.mark.slow  # a whole job under a budget that cuts vocabularies, and its scores
def test_a_cut_vocabulary_is_cut_everywhere(small_job, winnow, tmp_path):
    selection = {**SMALL_CONFIG["selection"], "allocator": "cut", "keep": ["item"], "budget": {"bytes": "12%"}}
    config = small_job(with_items(6000, 0), features=[*SMALL_CONFIG["features"], {"match": "item"}], selection=selection)
    pq.write_table(with_items(2000, 1), tmp_path / "test.parquet")
    code, said = winnow("run", config)
    assert code == 0, said
    work = tmp_path / "work"
    whole = Transformed(str(work / "transformed"))
    rows = {encoding.name: encoding.rows for encoding in whole.encodings}
    kept = json.loads((work / "selection" / "selection.json").read_text())["kept"]
    cut = {entry["feature"]: entry["rows"] for entry in kept if entry["rows"] < rows[entry["feature"]]}
    assert cut
    spec = FeatureSpec.load(work / "model")
    pruned = next(point for point in spec.proof.points if point.name == "pruned")
    assert pruned.rows == cut
    assert pruned.bytes == spec.bytes == sum(4 * entry["rows"] * entry["width"] for entry in kept)
    for name, left in cut.items():
        known = (work / "transformed" / "vocabulary" / f"{name}.txt").read_text().splitlines()
        served = (work / "model" / "vocabulary" / f"{name}.txt").read_text().splitlines()
        assert served == known[: left - 3]
        assert served == (work / "model" / "saved_model" / "assets" / f"{name}.txt").read_text().splitlines()
        feature = next(feature for feature in spec.kept if feature.name == name)
        assert (feature.rows, feature.vocabulary.size, feature.transform["max_size"]) == (left, left - 3, left - 3)
    assert f"{max(cut.values()):,} of " in said

    code, said = winnow("verify", work / "model")
    assert code == 0, said
    code, said = winnow("score", work / "model", "--input", tmp_path / "test.parquet", "--output", tmp_path / "scores")
    assert code == 0, said
    scored = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert scored["quality"]["auc"] == pytest.approx(pruned.auc.by_seed[0], abs=1e-5)  # a pair of 2,000 rows is 1e-6

    code, said = winnow("prune", config, "--spec", work / "model", "--output", tmp_path / "pruned.yaml")
    assert code == 0, said
    features = Config.load(tmp_path / "pruned.yaml").resolve([column.name for column in spec.inputs])
    assert {feature.name: feature.size_limit for feature in features if feature.size_limit} == {
        n: r - 3 for n, r in cut.items()
    }
    code, said = winnow("preprocess", tmp_path / "pruned.yaml")
    assert code == 0, said
    again = Transformed(f"{work}-pruned/transformed")
    assert {encoding.name: encoding.rows for encoding in again.encodings} == {f.name: f.rows for f in spec.kept}


def test_what_has_no_vocabulary_is_not_cut(small_job, winnow, tmp_path):
    code, said = winnow("preprocess", small_job())
    assert code == 0, said
    data = Transformed(str(tmp_path / "work" / "transformed"))
    with pytest.raises(DataError, match=r"'fine' has \d+ rows and cannot be cut to 5; run `winnow preprocess` again"):
        data.cut({"fine": 5})
    assert data.cut({"good": 10_000}).encodings == data.encodings

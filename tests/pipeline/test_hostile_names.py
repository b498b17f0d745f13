"""A whole run over columns with names that no file, scope or argument may have."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from features.config import Config
from features.spec import FeatureSpec
from tests.pipeline.every_kind import raw_rows, trained_scores

NAMES = [
    *("tab", "../x", "nul\0byte", "n" * 300, "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\N{GRINNING FACE}", "_id", "user/id"),
    *("Abc", "abc", "日本", "café", "a.b", "a", "<script>", "class", "a*[0]", "%2E", "new\nline"),
]
NUMBERS, LISTS = ("/num:ber", "_n", "Ñ"), ("../tags", "tags.weights/")
UNNAMED = ""  # the index that pandas writes


def rows(count: int, seed: int, outside: str) -> pa.Table:
    """Codes (text and integers in turns), numbers, and a weighted list, all with hostile names."""
    rng = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {UNNAMED: pa.array(np.arange(count))}
    logits = np.zeros(count)
    for place, name in enumerate([*NAMES, outside]):
        ids = rng.integers(0, 5, count)
        logits += (ids % 2) - 0.5
        columns[name] = pa.array(ids) if place % 2 else pa.array([f"v{value}" for value in ids])
    columns |= {name: pa.array(rng.normal(size=count)) for name in NUMBERS}
    lengths = np.concatenate([[0], np.cumsum(rng.integers(0, 4, count))]).astype(np.int32)
    values, weights = rng.integers(0, 6, lengths[-1]), rng.random(lengths[-1])
    columns[LISTS[0]] = pa.ListArray.from_arrays(lengths, pa.array([f"t{value}" for value in values], pa.string()))
    columns[LISTS[1]] = pa.ListArray.from_arrays(lengths, pa.array(weights, pa.float32()))
    click = rng.random(count) < 1 / (1 + np.exp(-logits))
    return pa.table([pa.array(click.astype(np.int64)), *columns.values()], names=["click", *columns])


def config_of(folder: Path, outside: str) -> Config:
    """Writes data and config into the folder."""
    folder.mkdir(parents=True)
    pq.write_table(rows(1200, 0, outside), folder / "train.parquet")
    pq.write_table(rows(400, 1, outside), folder / "test.parquet")
    document = {
        "work_dir": str(folder / "work"),
        "data": {
            "format": "parquet",
            "train": str(folder / "train.parquet"),
            "test": str(folder / "test.parquet"),
            "label": "click",
            "split": {"by": "row", "validation": 0.1},
        },
        "features": [
            {"match": [*NAMES, outside], "min_count": 1},
            {"match": "Ñ", "kind": "numeric", "encoding": "value"},
            {"match": ["/num:ber", "_n"], "kind": "numeric", "buckets": 4},
            {"match": "../tags", "kind": "multivalued", "max_length": 3, "weights": "tags.weights/", "min_count": 1},
            {"match": "a/../cross", "kind": "cross", "columns": ["日本", "user/id"], "hash_buckets": 20},
        ],
        "model": {"embedding_width": 2, "cross_layers": 1, "cross_rank": 2, "tower": {"units": [4]}},
        "training": {"batch_size": 128, "table_learning_rate": 0.1},
        "selection": {
            "budget": {"features": len(NAMES) + len(NUMBERS) + 3},
            "batch_size": 128,
            "epochs": 2,
            "picks_per_round": 20,
        },
        "proof": {"seed_count": 1, "bootstrap_samples": 20},
    }
    (folder / "hostile.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    return Config.load(folder / "hostile.yaml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Config, Path]:
    """The config of a run to its report, and a folder beside it that names of columns point into."""
    from pipeline.plan import Plan
    from pipeline.serving import measurement

    base = tmp_path_factory.mktemp("names")
    (base / "outside").mkdir()
    config = config_of(base / "in" / "here", f"{base}/outside/file")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurement, "BATCHES", (1,))
        patch.setattr(measurement, "TURNS", 1)
        Plan(config).run(["preprocess", "search", "select", "prove", "export", "report"])
    return config, base


def test_nothing_is_written_outside_the_work_folder(finished):
    config, base = finished
    written = {path for path in base.rglob("*") if path.is_file()} - set(Path(config.work_dir).rglob("*"))
    assert {path.name for path in written} == {"train.parquet", "test.parquet", "hostile.yaml"}
    assert not list((base / "outside").iterdir())


def test_files_of_vocabularies_have_safe_names(finished):
    config, base = finished
    spec = FeatureSpec.load(Path(config.work_dir, "model"))
    vocabularies = {feature.name: feature.vocabulary.file for feature in spec.kept if feature.vocabulary}
    assert set(vocabularies) == {*NAMES, f"{base}/outside/file", "../tags"}
    assert vocabularies["tab"] == "vocabulary/tab.txt"
    assert vocabularies["../x"] == "vocabulary/%2E.%2Fx.txt"
    assert (vocabularies["Abc"], vocabularies["abc"]) == ("vocabulary/Abc.txt", "vocabulary/abc_2.txt")
    assert {path.name for path in Path(config.work_dir, "model", "vocabulary").iterdir()} == {
        Path(file).name for file in vocabularies.values()
    }


def test_scores_of_all_roads_are_equal(finished, winnow, tmp_path):
    from pipeline.serving.saved_model import Served

    config, _ = finished
    served = Served(Path(config.work_dir, "model"))
    expected = trained_scores(config)
    assert expected.std() > 0.01
    request = raw_rows(Path(config.data.test[0]), served.spec, longest=3)
    np.testing.assert_allclose(served.score(request), expected, atol=1e-5)
    np.testing.assert_allclose(served.score_examples(request), expected, atol=1e-5)
    code, said = winnow("score", Path(config.work_dir, "model"), "-i", config.data.test[0], "-o", tmp_path / "out")
    assert code == 0, said
    np.testing.assert_allclose(pq.read_table(tmp_path / "out" / "part-00000.parquet")["score"], expected, atol=1e-5)
    assert winnow("verify", Path(config.work_dir, "model"))[0] == 0


def test_the_report_shows_all_names_as_text(finished):
    config, base = finished
    report = Path(config.work_dir, "report")
    page = (report / "index.html").read_text()
    assert page.count("<script>") == 1  # the page's own
    assert "&lt;script&gt;" in page
    rows = json.loads((report / "report.json").read_text())["features"]
    assert {row["feature"] for row in rows} == {*NAMES, *NUMBERS, f"{base}/outside/file", "../tags", "a/../cross"}

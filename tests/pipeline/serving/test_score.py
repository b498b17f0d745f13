"""Batch scoring: the scores of the trained model, its quality, rejects, and the columns that are read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from features.spec import FeatureSpec
from tests.pipeline.every_kind import every_kind, trained_scores
from tests.pipeline.tools.test_prune import Recorder, columns_touched


def scores_of(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))])


def test_scores_are_the_trained_models(job, model, winnow, tmp_path):
    code, said = winnow("score", model, "-i", job.data.test[0], "-o", tmp_path / "out", "--carry", "dropped one")
    assert code == 0, said
    made, raw = scores_of(tmp_path / "out"), pq.read_table(job.data.test[0])
    assert made.column_names == ["dropped one", "click", "score"]
    np.testing.assert_allclose(made["score"], trained_scores(job), atol=1e-5)
    assert made["dropped one"].equals(raw["dropped one"])
    summary = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert summary["rows"] == 1000
    proved = FeatureSpec.load(model).proof.point("pruned").auc.by_seed[0]
    assert summary["quality"]["auc"] == pytest.approx(proved, abs=1e-6)
    assert f"AUC {summary['quality']['auc']:.6f}" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["part-00000.parquet", "rejected", "scores.json"]


def test_a_folder_with_scores_is_not_written_over(job, model, winnow, tmp_path):
    (tmp_path / "scores.json").write_text("{}")
    code, said = winnow("score", model, "-i", job.data.test[0], "-o", tmp_path)
    assert code == 2
    assert "holds the scores of an earlier run" in said


def test_the_models_columns_alone_are_read(job, model, winnow, tmp_path, monkeypatch):
    from pipeline.runtime import files

    reads: list[tuple[int, int]] = []
    open_arrow, test = files.open_arrow, job.data.test[0]

    def recorded(path):
        return pa.PythonFile(Recorder(files.open_file(path), reads), "r") if path == test else open_arrow(path)

    monkeypatch.setattr(files, "open_arrow", recorded)
    assert winnow("score", model, "-i", test, "-o", tmp_path / "out")[0] == 0
    asked = {column.name for column in FeatureSpec.load(model).inputs}
    assert columns_touched(Path(test), reads) == {*(name.partition(".")[0] for name in asked), "click"}
    assert "dropped one" not in asked


def test_beams_options_follow_two_dashes(job, model, winnow, tmp_path):
    cloud = ["--runner=DataflowRunner", "--project=p", "--region=r", "--temp_location=gs://bucket/tmp"]
    code, said = winnow("score", model, "-i", job.data.test[0], "-o", tmp_path / "out", "--", *cloud)
    assert code == 2
    assert "is on this machine, where Dataflow's workers cannot reach it" in " ".join(said.split())
    assert not (tmp_path / "out").exists()
    workers = ["--runner=FnApiRunner", "--direct_running_mode=multi_threading", "--direct_num_workers=2"]
    code, said = winnow("score", model, "-i", job.data.test[0], "-o", tmp_path / "out", "--", *workers)
    assert code == 0, said
    np.testing.assert_allclose(scores_of(tmp_path / "out")["score"], trained_scores(job), atol=1e-5)


def test_rows_without_a_label_are_scored(job, model, winnow, tmp_path):
    table = every_kind(300, seed=1).drop_columns(["click", "dropped one", "dropped two"])
    for name, part in (("a", table.slice(0, 100)), ("b", table.slice(100))):
        pq.write_table(part, tmp_path / f"{name}.parquet")
    code, said = winnow("score", model, "-i", tmp_path / "*.parquet", "-o", tmp_path / "out")
    assert code == 0, said
    made = scores_of(tmp_path / "out")
    assert made.column_names == ["score"]
    assert made.num_rows == 300
    assert "quality" not in json.loads((tmp_path / "out" / "scores.json").read_text())


def test_rows_whose_label_is_still_to_come_are_scored_and_left_out_of_the_quality(job, model, winnow, tmp_path):
    raw = pq.read_table(job.data.test[0])
    clicks = raw["click"].to_pylist()
    known = [None if row % 4 == 0 else -1 if row % 4 == 1 else click for row, click in enumerate(clicks)]
    place = raw.column_names.index("click")
    pq.write_table(raw.set_column(place, "click", pa.array(known)), tmp_path / "late.parquet")
    pq.write_table(raw.filter(pa.array([row % 4 > 1 for row in range(1000)])), tmp_path / "known.parquet")
    for name in ("late", "known"):
        code, said = winnow("score", model, "-i", tmp_path / f"{name}.parquet", "-o", tmp_path / name)
        assert code == 0, said
    late, labelled = (json.loads((tmp_path / name / "scores.json").read_text()) for name in ("late", "known"))
    assert (late["rows"], late["rejected"], labelled["rows"]) == (1000, {}, 500)
    assert late["quality"] == pytest.approx(labelled["quality"], rel=1e-6)
    np.testing.assert_allclose(scores_of(tmp_path / "late")["score"], trained_scores(job), atol=1e-5)


def test_other_formats_and_rejects(small_job, winnow, tmp_path):
    """A model made from Parquet scores CSV; rows that do not fit are set aside as in preprocessing."""
    assert winnow("run", small_job())[0] == 0
    model = tmp_path / "work" / "model"
    pyarrow.csv.write_csv(pq.read_table(tmp_path / "test.parquet"), tmp_path / "test.csv")
    sets = ["--set", "format=csv", "--set", "max_bad_ratio=0.01"]
    for kind in ("parquet", "csv"):
        more = [*sets, "--carry", "click"] if kind == "csv" else []
        code, said = winnow("score", model, "-i", tmp_path / f"test.{kind}", "-o", tmp_path / kind, *more)
        assert code == 0, said
    assert scores_of(tmp_path / "csv")["click"].equals(scores_of(tmp_path / "parquet")["click"])
    np.testing.assert_allclose(scores_of(tmp_path / "csv")["score"], scores_of(tmp_path / "parquet")["score"], atol=1e-6)

    lines = (tmp_path / "test.csv").read_text().splitlines()
    names = [name.strip('"') for name in lines[0].split(",")]
    broken = lines[5].split(",")
    broken[names.index("fine")] = "much"
    lines[5] = ",".join(broken)
    (tmp_path / "broken.csv").write_text("\n".join(lines) + "\n")
    code, said = winnow("score", model, "-i", tmp_path / "broken.csv", "-o", tmp_path / "broken", *sets)
    assert code == 0, said
    assert "1,999 rows, 1 rejected" in said
    rejected = pq.read_table(tmp_path / "broken" / "rejected")
    assert rejected.num_rows == 1
    assert b"much" in rejected["row"][0].as_py()
    kept = pc.filter(scores_of(tmp_path / "csv")["score"], pa.array(np.arange(2000) != 4))
    np.testing.assert_allclose(scores_of(tmp_path / "broken")["score"], kept, atol=1e-6)
    code, said = winnow("score", model, "-i", tmp_path / "broken.csv", "-o", tmp_path / "strict", "--set", "format=csv",
                        "--set", "max_bad_ratio=0")  # fmt: skip
    assert code == 3
    assert "malformed" in said
    assert not (tmp_path / "strict" / "scores.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-i", "nowhere/*.parquet"], 3, "--input: no file matches nowhere/*.parquet"),
        (["-i", "{test}", "--carry", "absent"], 3, "column 'absent', which is to be carried, is not there"),
        (["-i", "{more}", "--carry", "nested"], 2, "--carry nested: only columns of one value"),
        (["-i", "{test}", "--set", "format"], 2, "--set format: write key=value"),
        (["-i", "{less}"], 3, "column 'a-b', which the model reads, is not there"),
    ],
)
def test_bad_arguments_are_one_message(job, model, winnow, tmp_path, arguments, code, message):
    table = every_kind(10, seed=1)
    pq.write_table(table.drop_columns(["a-b"]), tmp_path / "less.parquet")
    pq.write_table(table.append_column("nested", pa.array([[1]] * 10)), tmp_path / "more.parquet")
    places = {"test": job.data.test[0]} | {name: str(tmp_path / f"{name}.parquet") for name in ("less", "more")}
    got, said = winnow("score", model, *(word.format(**places) for word in arguments), "-o", tmp_path / "out")
    assert (got, "Traceback" in said) == (code, False), said
    assert message in said


def test_a_damaged_model_is_one_message(job, model, winnow, tmp_path):
    damaged = Path(shutil.copytree(model, tmp_path / "model"))
    (damaged / "saved_model" / "variables" / "variables.index").write_bytes(b"")
    code, said = winnow("score", damaged, "-i", job.data.test[0], "-o", tmp_path / "out")
    assert (code, "Traceback" in said) == (3, False), said
    assert "is damaged" in said
    assert not (tmp_path / "out" / "scores.json").exists()

"""The main job on small data, from raw rows to a served model, through the command line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.spec import FeatureSpec
from tests.conftest import SMALL_CONFIG, small_logs

SCORE = """
import json, sys
import numpy as np
import tensorflow as tf
assert "features" not in sys.modules
model = tf.saved_model.load(sys.argv[1])
request = json.load(open(sys.argv[2]))
served = model.signatures["serving_default"]
inputs = {name: tf.constant(request[name], spec.dtype) for name, spec in served.structured_input_signature[1].items()}
print(json.dumps({"inputs": sorted(inputs), "scores": served(**inputs)["score"].numpy().tolist()}))
"""


def stage_lines(said: str) -> dict[str, str]:
    """What each stage said last."""
    names = ("preprocess", "search", "select", "prove", "export", "report")
    own = [line.split(": ", 1) for line in said.splitlines() if line.split(": ")[0] in names]
    return {name: rest for name, rest in own if rest.startswith(("unchanged", "done"))}


def test_from_raw_rows_to_a_served_model(small_job, winnow, tmp_path):
    config = small_job()
    code, said = winnow("run", config)
    assert code == 0, said
    work = tmp_path / "work"
    spec = FeatureSpec.load(work / "model")
    assert set(spec.names()) == {"good", "fine"}
    assert {dropped.name: dropped.reason for dropped in spec.dropped}["still"] == "constant"
    assert spec.proof.point("pruned").auc.mean > 0.75
    assert [column.name for column in spec.inputs] == ["good", "fine"]

    # Running again does nothing; deleting the model makes only the model (and what it changes) again.
    lines = stage_lines(winnow("run", config)[1])
    assert all(line.endswith("unchanged, skipped") for line in lines.values())
    assert len(lines) == 6
    shutil.rmtree(work / "model")
    lines = stage_lines(winnow("run", config)[1])
    skipped = {name for name, line in lines.items() if line.endswith("skipped")}
    assert {"preprocess", "search", "select", "prove"} <= skipped
    assert "export" not in skipped

    check_serving(work, tmp_path)


def check_serving(work: Path, tmp_path: Path) -> None:
    """A process with tensorflow alone scores raw rows as the trainer does, one at a time and many."""
    import tensorflow as tf

    from features.config import Config
    from models.build import example_inputs
    from models.ranking import RankingModel
    from pipeline.dataset.reader import Reader, Transformed

    config = Config.load(tmp_path / "small.yaml")
    data = Transformed(str(work / "transformed"))
    widths = FeatureSpec.load(work / "model").widths()
    encodings = data.subset(list(widths))
    model = RankingModel(encodings, widths, config.model)
    model(example_inputs(encodings))
    tf.train.Checkpoint(model=model).read(str(work / "proof" / "weights" / "pruned")).expect_partial()
    batch = next(Reader(data, "test", encodings).ordered(1000))
    expected = tf.sigmoid(model(batch[0], training=False)[:, 0]).numpy()

    rows = small_logs(2000, seed=1).slice(0, 1000)
    raw = {"good": pc.fill_null(rows["good"], "").to_pylist()}
    raw["fine"] = [float("nan") if value is None else value for value in rows["fine"].to_pylist()]
    served = serve(work, tmp_path, raw)
    assert served["inputs"] == ["fine", "good"]
    np.testing.assert_allclose(served["scores"], expected, atol=1e-5)
    one = serve(work, tmp_path, {name: values[:1] for name, values in raw.items()})
    np.testing.assert_allclose(one["scores"], expected[:1], atol=1e-5)


def serve(work: Path, tmp_path: Path, raw: dict) -> dict:
    """Scores of a fresh process."""
    request = tmp_path / "request.json"
    request.write_text(json.dumps(raw))
    command = [sys.executable, "-c", SCORE, str(work / "model" / "saved_model"), str(request)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    return json.loads(done.stdout.splitlines()[-1])


def test_same_seed_same_path(small_job, winnow, tmp_path):
    config = small_job()
    paths = []
    for name in ("a", "b"):
        for stage in ("preprocess", "select"):
            assert winnow(stage, config, "--set", f"work_dir={tmp_path / name}")[0] == 0
        document = json.loads((tmp_path / name / "search" / "path.json").read_text())
        paths.append((document["picks"], document["rounds"]))
    assert paths[0] == paths[1]


def test_budget_change_searches_no_more(small_job, winnow):
    config = small_job()
    assert winnow("preprocess", config)[0] == 0
    assert winnow("select", config)[0] == 0
    code, said = winnow("select", config, "--set", "selection.budget.features=3")
    assert code == 0
    lines = stage_lines(said)
    assert lines["search"].endswith("skipped")
    assert not lines["select"].endswith("skipped")


def replaced(name: str, values) -> pa.Table:
    """Small logs with a column replaced."""
    table = small_logs()
    return table.set_column(table.column_names.index(name), name, pa.array(values))


@pytest.mark.parametrize(
    ("table", "changes", "code", "message"),
    [
        (None, {"selektion": {}}, 2, "selektion: unknown field"),
        (None, {"features": [{"match": "absent"}]}, 2, "column 'absent' is not in the data"),
        (None, {"data": {**SMALL_CONFIG["data"], "label": "absent"}}, 3, "data.label: column 'absent' is not in"),
        (None, {"data": {**SMALL_CONFIG["data"], "train": "nowhere/*.parquet"}}, 3, "data.train: no file matches nowhere"),
        (replaced("click", [0] * 6000), {}, 3, "nothing to learn"),
        (replaced("click", [0, 1, 2] * 2000), {}, 3, "'click'"),
        (None, {"selection": {"budget": {"features": 2}, "keep": ["lost"]}}, 2, "selection.keep: 'lost' is not one"),
    ],
)
def test_bad_input_is_one_message(small_job, winnow, tmp_path, table, changes, code, message):
    got, said = winnow("run", small_job(table, **changes))
    assert (got, "Traceback" in said) == (code, False), said
    assert message in said
    assert not (tmp_path / "work" / "transformed").exists()


def test_unreadable_and_empty_files(small_job, winnow, tmp_path):
    config = small_job()
    (tmp_path / "train.parquet").write_bytes(b"PAR1 but not really")
    code, said = winnow("run", config)
    assert code == 3
    assert "train.parquet: cannot be read as parquet" in said
    (tmp_path / "train.parquet").write_bytes(b"")
    code, said = winnow("run", config)
    assert code == 3
    assert "train.parquet is empty" in said


def test_budget_that_nothing_fits(small_job, winnow, tmp_path):
    config = small_job(selection={**SMALL_CONFIG["selection"], "budget": {"bytes": 8}})
    code, said = winnow("run", config)
    assert code == 2
    assert "selection.budget: " in said
    assert not (tmp_path / "work" / "selection").exists()


def test_stage_alone_says_what_is_missing(small_job, winnow):
    code, said = winnow("prove", small_job())
    assert code == 3
    assert "run `winnow select` first" in said


def test_select_keeps_what_it_must(small_job, winnow, tmp_path):
    selection = {**SMALL_CONFIG["selection"], "keep": ["noise"], "exclude": ["number"]}
    config = small_job(selection=selection)
    for stage in ("preprocess", "select"):
        code, said = winnow(stage, config)
        assert code == 0, said
    chosen = json.loads((tmp_path / "work" / "selection" / "selection.json").read_text())
    assert chosen["kept"][0]["feature"] == "noise"
    assert {entry["feature"]: entry["reason"] for entry in chosen["dropped"]}["number"] == "excluded by the config"


def test_csv_and_parquet_give_the_same_rows(small_job, winnow, tmp_path):
    import pyarrow.csv

    config = small_job()
    assert winnow("preprocess", config)[0] == 0
    for name in ("train", "test"):
        pyarrow.csv.write_csv(pq.read_table(tmp_path / f"{name}.parquet"), tmp_path / f"{name}.csv")
    data = ["data.format=csv", *(f"data.{name}=[{tmp_path / name}.csv]" for name in ("train", "test"))]
    sets = [word for override in [*data, f"work_dir={tmp_path / 'csv'}"] for word in ("--set", override)]
    code, said = winnow("preprocess", config, *sets)
    assert code == 0, said
    ours = pq.read_table(tmp_path / "work" / "transformed" / "test")
    theirs = pq.read_table(tmp_path / "csv" / "transformed" / "test")
    assert ours.num_rows == theirs.num_rows == 2000
    assert ours["click"].equals(theirs["click"])
    assert ours["good"].null_count == 0

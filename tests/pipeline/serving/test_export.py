"""The served model: equal to the trained one on every road, free of what was dropped, and clear about bad requests."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from features.names import argument_names
from features.spec import FeatureSpec
from pipeline.runtime.workspace import Workspace
from tests.pipeline.every_kind import KEPT, raw_rows, trained_scores

DROPPED = ("dropped one", "dropped two")

FRESH = """
import json, sys
import tensorflow as tf
assert not {"features", "models", "pipeline", "tensorflow_transform"} & set(sys.modules)
model = tf.saved_model.load(sys.argv[1])
golden = json.load(open(sys.argv[1] + "/assets.extra/golden_requests.json"))
spec = json.load(open(sys.argv[1] + "/assets.extra/feature_spec.json"))
served = model.signatures["serving_default"]
def tensor(column, values):
    values = [float("nan") if value is None else value for value in values] if column["dtype"] == "float32" else values
    return tf.constant(values, column["dtype"])
def nested(values):
    return [[float("nan") if v is None else v for v in row] if isinstance(row, list) else row for row in values]
inputs = {c["argument"]: tensor(c, nested(golden["columns"][c["name"]])) for c in spec["inputs"]}
scores = served(**inputs)["score"]
print(max(abs(a - b) for a, b in zip(scores.numpy().tolist(), golden["scores"], strict=True)))
one = served(**{name: value[:1] for name, value in inputs.items()})["score"]
print(abs(float(one[0]) - golden["scores"][0]))
"""


def test_every_road_gives_the_same_scores(job, model, served, tmp_path):
    """Rows with missing, unseen and over-long values: trainer, both signatures and ids."""
    expected = trained_scores(job)
    request = raw_rows(Path(job.data.test[0]), served.spec)
    assert len(expected) == 1000
    assert expected.std() > 0.1
    np.testing.assert_allclose(served.score(request), expected, atol=1e-5)
    np.testing.assert_allclose(served.score_examples(request), expected, atol=1e-5)
    ids = served.transform(request)
    np.testing.assert_allclose(served.signature("serving_ids")(**ids)["score"], expected, atol=1e-5)


def test_the_same_result_is_the_same_bytes(job, model, tmp_path):
    from pipeline.serving.export import export

    export(job, Workspace(job.work_dir), str(tmp_path))
    for name in ("feature_spec.json", "schema.pbtxt", "saved_model/assets.extra/tf_serving_warmup_requests"):
        assert (tmp_path / name).read_bytes() == (model / name).read_bytes()


def test_saved_model_cli_shows_the_signatures(model):
    command = [Path(sys.executable).with_name("saved_model_cli"), "show", "--dir", model / "saved_model", "--tag_set", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("serving_default", "serving_examples", "serving_ids", "transform"):
        assert f'SignatureDef key: "{name}"' in done.stdout


def test_tensorflow_alone_serves(model, tmp_path):
    command = [sys.executable, "-c", FRESH, str(model / "saved_model")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert [float(line) <= 1e-5 for line in done.stdout.splitlines()[-2:]] == [True, True]


def test_arguments_are_python_names(served):
    names = {column.name: column.argument for column in served.spec.inputs}
    assert names["a-b"] == "a_b"
    assert names["1st"] == "x1st"
    assert names["class"] == "class_"
    assert names["n.sq"] == "n_sq"
    assert argument_names(["a b", "a-b", "a_b", "é", ""]) == {"a b": "a_b_2", "a-b": "a_b_3", "a_b": "a_b", "é": "x_", "": "x"}


def strings_of(folder: Path) -> str:
    """Everything a SavedModel's graph says, as text."""
    from tensorflow.core.protobuf import saved_model_pb2

    return str(saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()))


def test_nothing_of_the_dropped_features_is_left(job, model):
    import tensorflow as tf

    spec = FeatureSpec.load(model)
    assert sorted(spec.names()) == sorted(KEPT)
    assert sorted(dropped.name for dropped in spec.dropped) == sorted(DROPPED)
    for folder in (model / "saved_model", model / "transform" / "transform_fn"):
        graph = strings_of(folder)
        assets = {path.name for path in (folder / "assets").iterdir()}
        assert assets == {f"{name}.txt" for name in ("a-b", "1st", "tags", "codes", "text")}
        for name in DROPPED:
            assert name not in graph
            assert name.replace(" ", "_") not in graph
        assert "hash_it" in graph  # what is kept does show
    assert strings_of(model / "saved_model").count('op: "HashTableV2"') == 5  # each vocabulary is loaded once
    rows = sum(feature.rows for feature in spec.kept)
    shapes = [shape for _, shape in tf.train.list_variables(str(model / "saved_model" / "variables" / "variables"))]
    assert [shape for shape in shapes if shape[:1] == [rows]] == [[rows, 4]]
    assert spec.bytes == rows * 4 * 4

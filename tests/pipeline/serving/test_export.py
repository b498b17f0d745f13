"""The served model: equal to the trained one on every road, free of what was dropped, and clear about bad requests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.errors import DataError
from features.inputs import MISSING_INT, argument_names
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


@pytest.fixture
def copied(model, tmp_path) -> Path:
    """A copy of the model folder to damage."""
    return Path(shutil.copytree(model, tmp_path / "model"))


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


@pytest.mark.parametrize("interaction", ["dcn", "dot", "none"])
def test_unequal_widths_are_served(job, tmp_path, interaction):
    """Each feature at a width of its own, under every interaction: scores of the network itself."""
    import tensorflow as tf

    from models.serving_model import stack
    from pipeline.dataset.transformed import Transformed
    from pipeline.serving.serving_model import serving_model
    from pipeline.serving.synthetic_requests import as_tensors, make_requests

    data = Transformed(f"{job.work_dir}/transformed")
    config = job.model_copy(update={"model": job.model.model_copy(update={"interaction": interaction})})
    widths = {e.name: 1 + place % 4 if e.embedded else e.length for place, e in enumerate(data.encodings)}
    made = serving_model(config, data, widths, str(tmp_path / "transform"))
    statistics = data.statistics
    request = as_tensors(make_requests(made.inputs, data.features, statistics, 50, missing=0.2, unseen=0.1), made.inputs)
    names = argument_names([column.name for column in made.inputs])
    signature = made.signatures()["serving_default"]
    scores = signature(**{names[name]: tensor for name, tensor in request.items()})["score"]
    logits = made.model(stack(made.transformed(request), data.encodings), training=False)[:, 0]
    np.testing.assert_allclose(scores, tf.sigmoid(logits), atol=1e-6)
    assert np.std(scores) > 0


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


def test_onnx_gives_the_same_scores(job, model, served, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    from pipeline.serving.onnx import to_onnx

    assert to_onnx(model, tmp_path / "model.onnx") <= 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = served.transform(raw_rows(Path(job.data.test[0]), served.spec))
    scores = session.run(["score"], {name: tensor.numpy() for name, tensor in ids.items()})[0]
    np.testing.assert_allclose(scores, trained_scores(job), atol=1e-5)
    one = session.run(["score"], {name: tensor.numpy()[:1] for name, tensor in ids.items()})[0]
    np.testing.assert_allclose(one, scores[:1], atol=1e-6)


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
    assert argument_names(["a b", "a-b", "a_b", "é", ""]) == {"a b": "a_b_2", "a-b": "a_b_3", "a_b": "a_b", "é": "_", "": "x"}


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


def request_of(served, rows: int = 2, **changed) -> dict[str, np.ndarray]:
    """Golden rows with columns replaced."""
    from pipeline.serving.golden_requests import GOLDEN_FILE, GoldenRequests

    request = GoldenRequests.load(served.folder / "assets.extra" / GOLDEN_FILE).request(served.inputs)
    return {name: values[:rows] for name, values in request.items()} | changed


def test_a_request_without_a_kept_column_is_refused(served):
    tensors = served._arguments(request_of(served))
    tensors.pop("a_b")
    with pytest.raises(Exception, match="a_b"):
        served.signature("serving_default")(**tensors)


@pytest.fixture(scope="module")
def lenient(job, tmp_path_factory) -> Path:
    """The model again, exported so that a request may leave columns of each type and rank out."""
    from features.config import ServingConfig
    from pipeline.serving.export import export

    config = job.model_copy(update={"serving": ServingConfig(optional=["a-b", "1st", "c*", "vec", "value", "dropped one"])})
    folder = tmp_path_factory.mktemp("lenient")
    export(config, Workspace(job.work_dir), str(folder))
    return folder


OPTIONAL = {
    "a-b": "",
    "1st": MISSING_INT,
    "class": np.nan,
    "codes": MISSING_INT,
    "codes weight": np.nan,
    "vec": np.nan,
    "value": np.nan,
}


def test_optional_columns_that_are_not_sent_are_missing(lenient, tmp_path):
    """Through the graph's own feeds and the signature's defaults, as TensorFlow Serving and saved_model_cli call it."""
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    from pipeline.serving.saved_model import Served

    served = Served(lenient)
    assert {column.name for column in served.spec.inputs if column.optional} == set(OPTIONAL)
    request = request_of(served, rows=20)
    missing = request | {name: np.full_like(request[name], mark) for name, mark in OPTIONAL.items()}
    expected = served.score(missing)
    assert np.abs(expected - served.score(request)).max() > 0.01

    folder = str(lenient / "saved_model")
    [graph] = saved_model_pb2.SavedModel.FromString((lenient / "saved_model" / "saved_model.pb").read_bytes()).meta_graphs
    signature = graph.signature_def["serving_default"]
    arguments = served._arguments(request)
    optional = {column.argument for column in served.spec.inputs if column.optional}
    assert set(signature.defaults) == set(graph.signature_def["transform"].defaults) == optional
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        tf.compat.v1.saved_model.load(session, ["serve"], folder)
        feeds = {signature.inputs[name].name: arguments[name].numpy() for name in arguments if name not in optional}
        output = signature.outputs["score"].name
        np.testing.assert_allclose(session.run(output, feeds), expected, atol=1e-6)
        # Serving feeds what the signature holds.
        feeds |= {signature.inputs[name].name: tf.make_ndarray(value) for name, value in signature.defaults.items()}
        np.testing.assert_allclose(session.run(output, feeds), expected, atol=1e-6)
        feeds |= {signature.inputs["a_b"].name: np.array(["x", "y"], object)}  # neither one row nor all
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(output, feeds)

    np.savez(
        tmp_path / "request.npz",
        **{n: x.numpy().astype("S") if x.dtype == tf.string else x.numpy() for n, x in arguments.items()},
    )
    inputs = ";".join(f"{name}={tmp_path / 'request.npz'}[{name}]" for name in arguments if name not in optional)
    command = [Path(sys.executable).with_name("saved_model_cli"), "run", "--dir", folder, "--tag_set", "serve"]
    command += ["--signature_def", "serving_default", "--inputs", inputs, "--outdir", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "score.npy"), expected, atol=1e-6)


def test_with_optional_columns_all_else_is_as_before(lenient, served, winnow):
    from pipeline.serving.saved_model import Served

    request = request_of(served, rows=20)
    again = Served(lenient)
    np.testing.assert_allclose(again.score(request), served.score(request), atol=1e-6)
    np.testing.assert_allclose(again.score_examples(request), served.score(request), atol=1e-6)
    tensors = again._arguments(request)
    tensors.pop("tags")
    with pytest.raises(Exception, match="tags"):  # not optional
        again.signature("serving_default")(**tensors)
    assert winnow("verify", lenient)[0] == 0


def test_a_request_with_a_surplus_column_is_refused(served):
    import tensorflow as tf

    with pytest.raises(Exception, match="dropped_one"):
        served.signature("serving_default")(**served._arguments(request_of(served)), dropped_one=tf.constant(["x", "y"]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], "expected to be a string tensor but is a int32 tensor"),
        ([0.5, 1.5], "expected to be a string tensor but is a float tensor"),
        ([["w1"], ["w2"]], "a_b"),
        ([["w1", "w2"]], "a_b"),
    ],
)
def test_a_wrong_type_or_rank_is_refused(served, values, message):
    import tensorflow as tf

    tensors = served._arguments(request_of(served)) | {"a_b": tf.constant(values)}
    with pytest.raises(Exception, match=message):
        served.signature("serving_default")(**tensors)


def test_a_vector_of_another_length_is_refused(served):
    import tensorflow as tf

    tensors = served._arguments(request_of(served)) | {"vec": tf.zeros([2, 4])}
    with pytest.raises(Exception, match="vec"):
        served.signature("serving_default")(**tensors)


def same(served, one: dict, other: dict) -> None:
    np.testing.assert_array_equal(served.score(request_of(served, **one)), served.score(request_of(served, **other)))


def test_values_that_are_not_there(served):
    """NaN is missing, an empty string is missing, unseen values share their bucket."""
    missing = served.transform(
        request_of(
            served,
            **{
                "a-b": np.array(["", "never"], object),
                "1st": np.array([MISSING_INT, 10**12]),
                "class": np.array([np.nan, 0.0], np.float32),
                "text": np.array(["", "x|y"], object),
            },
        )
    )
    assert missing["a_b"].numpy().tolist() == [[1], [2]]
    assert missing["x1st"].numpy().tolist() == [[1], [2]]
    assert missing["class_"].numpy()[0].tolist() == [1]
    assert missing["text"].numpy().tolist() == [[1, 0, 0], [2, 2, 0]]
    values = served.transform(request_of(served, value=np.array([np.nan, np.nan], np.float32)))["value"]
    assert values.numpy().tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_lists_of_any_length(served):
    """Over-long lists are cut to the longest the model was trained on, short ones filled up, empty ones missing."""
    tags = np.array([["t0", "t1", "t2", "t3", "t4", "t5"]] * 2, object)
    same(served, {"tags": tags}, {"tags": tags[:, :4]})
    same(served, {"tags": tags[:, :2]}, {"tags": np.array([["t0", "t1", "", "", ""]] * 2, object)})
    same(served, {"tags": np.empty([2, 0], object)}, {"tags": np.array([["", ""]] * 2, object)})
    text = [np.array([value] * 2, object) for value in ("t0|t1|t2|t3|t4", "t0|t1|t2")]
    same(served, {"text": text[0]}, {"text": text[1]})


def test_weights_that_are_not_there_count_nothing(served):
    codes = np.array([[1, 2, 3]] * 2)
    some = np.array([[0.5, 0.25, np.nan]] * 2, np.float32)
    changed = {"codes": codes, "codes weight": some}
    same(served, changed, {"codes": codes, "codes weight": np.array([[0.5, 0.25, 0.0]] * 2, np.float32)})
    same(served, changed, {"codes": codes, "codes weight": some[:, :2]})


def test_ids_out_of_range_are_missing(served):
    import tensorflow as tf

    ids = served.transform(request_of(served))
    score = served.signature("serving_ids")
    for wrong in (-1, 10**6):
        a = score(**(ids | {"a_b": tf.constant([[wrong], [wrong]], tf.int64)}))["score"].numpy()
        b = score(**(ids | {"a_b": tf.constant([[1], [1]], tf.int64)}))["score"].numpy()
        np.testing.assert_array_equal(a, b)


def test_examples_may_hold_more_and_less(served):
    """Surplus features are ignored; absent and empty ones are missing; more values than one, or another type, are refused."""
    import tensorflow as tf

    def scored(**features):
        example = tf.train.Example(features=tf.train.Features(feature=features))
        return served.signature("serving_examples")(examples=tf.constant([example.SerializeToString()]))["score"].numpy()

    text = lambda *values: tf.train.Feature(bytes_list=tf.train.BytesList(value=values))  # noqa: E731
    nothing = scored(vec=tf.train.Feature(float_list=tf.train.FloatList(value=[0, 0, 0])))
    np.testing.assert_array_equal(scored(other=text(b"x")), nothing)
    np.testing.assert_array_equal(scored(**{"a-b": tf.train.Feature()}), nothing)
    assert scored(**{"a-b": text(b"w1")}) != nothing
    with pytest.raises(Exception, match="a-b"):
        scored(**{"a-b": text(b"w1", b"w2")})
    with pytest.raises(Exception, match="a-b"):
        scored(**{"a-b": tf.train.Feature(int64_list=tf.train.Int64List(value=[1]))})


def test_warmup_requests_are_what_tensorflow_serving_replays(served):
    import tensorflow as tf

    apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = str(served.folder / "assets.extra" / "tf_serving_warmup_requests")
    logs = [apis.PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(path)]
    assert len(logs) == 2
    requests = [log.predict_log.request for log in logs]
    assert {request.model_spec.signature_name for request in requests} == {"serving_default"}
    inputs = {name: tf.make_ndarray(tensor) for name, tensor in requests[1].inputs.items()}
    assert {len(values) for values in inputs.values()} == {32}
    golden = json.loads((served.folder / "assets.extra" / "golden_requests.json").read_text())
    scores = served.signature("serving_default")(**{name: tf.constant(values) for name, values in inputs.items()})["score"]
    np.testing.assert_allclose(scores, golden["scores"][:32], atol=1e-6)


def test_verify_blesses_and_says_what_differs(winnow, copied):
    extra = copied / "saved_model" / "assets.extra"
    code, said = winnow("verify", copied)
    assert code == 0, said
    assert json.loads((extra / "blessing.json").read_text())["rows"] == 64
    golden = json.loads((extra / "golden_requests.json").read_text())
    golden["scores"][5] += 0.01
    (extra / "golden_requests.json").write_text(json.dumps(golden))
    code, said = winnow("verify", copied)
    assert code == 3
    assert "1 of 64 golden requests" in said
    assert "row 5" in said
    assert not (extra / "blessing.json").exists()


def test_a_changed_vocabulary_is_refused(copied):
    from pipeline.serving.saved_model import Served

    vocabulary = copied / "saved_model" / "assets" / "tags.txt"
    vocabulary.write_text("".join(reversed(vocabulary.read_text().splitlines(keepends=True))))
    with pytest.raises(DataError, match=r"tags.txt: not the vocabulary that the spec was written with"):
        Served(copied)
    vocabulary.unlink()
    with pytest.raises(DataError, match=r"tags.txt: vocabulary is not there"):
        Served(copied)


def test_no_model_is_one_message(winnow, tmp_path):
    code, said = winnow("verify", tmp_path)
    assert code == 3
    assert "no SavedModel is there" in said

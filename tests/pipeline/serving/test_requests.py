"""Requests of every form: what may be left out, what is missing, what is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.inputs import MISSING_INT
from pipeline.runtime.workspace import Workspace
from tests.pipeline.serving.requests_of import request_of


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


def test_negative_weights_count_nothing(served):
    codes = np.array([[1, 2, 3]] * 2)
    negative, zero = np.array([[-1.0, 0, 0.5], [-3, -2, -1]], np.float32), np.array([[0, 0, 0.5], [0, 0, 0]], np.float32)
    same(served, {"codes": codes, "codes weight": negative}, {"codes": codes, "codes weight": zero})


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

"""Synthetic requests."""

import numpy as np
import pytest

from features.codes import Categorical, Cross, Multivalued
from features.inputs import MISSING_INT, Input
from features.numbers import Dense, Numeric
from features.statistics import Statistics
from pipeline.serving.synthetic_requests import UNSEEN_WEIGHT, as_arguments, as_examples, as_tensors, make_requests

FEATURES = [
    Categorical(name="a b"),
    Categorical(name="id"),
    Numeric(name="n"),
    Multivalued(name="tags", max_length=3, weights="tags weight"),
    Multivalued(name="text", max_length=3, separator="|"),
    Dense(name="vec", max_length=2),
    Cross(name="pair", columns=["a b", "only crossed"], hash_buckets=9),
]
INPUTS = [
    Input("a b", "string"),
    Input("id", "int64"),
    Input("n", "float32"),
    Input("tags", "string", 3),
    Input("tags weight", "float32", 3),
    Input("text", "string"),
    Input("vec", "float32", 2),
    Input("only crossed", "string"),
]
TOP = {"a b": ["u", "v"], "id": ["7", "8"], "n": ["0.5", "1.5"], "tags": ["x", "y"], "text": ["k", "l"]}
STATISTICS = {name: Statistics(name=name, top=[(value, 9) for value in values]) for name, values in TOP.items()}


def drawn(rows=1000, **shares):
    return make_requests(INPUTS, FEATURES, STATISTICS, rows, **shares)


def test_values_are_those_of_the_train_rows():
    request = drawn()
    assert {name: set(request[name].ravel()) for name in ("a b", "id", "n", "text")} == {
        "a b": {"u", "v"},
        "id": {7, 8},
        "n": {0.5, 1.5},
        "text": {"|".join(t) for n in (1, 2, 3) for t in np.stack(np.meshgrid(*[["k", "l"]] * n), -1).reshape(-1, n)},
    }
    assert set(request["tags"].ravel()) == {"x", "y", ""}  # lists end at different lengths
    assert set(request["only crossed"]) == {str(n) for n in range(10)}  # nothing is known of it
    shapes = {name: (values.shape[1:], values.dtype.name) for name, values in request.items()}
    assert shapes["tags weight"] == ((3,), "float32")
    assert (shapes["vec"], shapes["id"], shapes["a b"]) == (((2,), "float32"), ((), "int64"), ((), "object"))


def test_shares_of_missing_and_unseen_values():
    request = drawn(missing=0.25, unseen=0.1)
    assert np.mean(request["a b"] == "") == pytest.approx(0.25, abs=0.05)
    assert np.mean(request["id"] == MISSING_INT) == pytest.approx(0.25, abs=0.05)
    assert np.mean(np.isnan(request["n"])) == pytest.approx(0.25, abs=0.05)
    assert np.mean(request["n"] == -1e6) == pytest.approx(0.075, abs=0.03)
    assert np.mean(request["a b"] == "never seen") == pytest.approx(0.075, abs=0.03)
    assert np.mean(request["tags"][:, 0] == "") == pytest.approx(0.25, abs=0.05)


def test_weights_end_with_their_values_and_are_never_negative():
    request = drawn(missing=0.2, unseen=0.2)
    np.testing.assert_array_equal(request["tags"] == "", np.isnan(request["tags weight"]))
    weights = request["tags weight"][~np.isnan(request["tags weight"])]
    assert weights.min() >= 0
    assert weights.max() == UNSEEN_WEIGHT


def test_a_seed_gives_the_same_requests():
    one, again, other = drawn(50, seed=3), drawn(50, seed=3), drawn(50, seed=4)
    for name in one:
        np.testing.assert_array_equal(one[name], again[name])
    assert (one["a b"] != other["a b"]).any()


def test_tensors_are_of_the_inputs_types_and_named_as_arguments():
    request = drawn(4)
    tensors = as_tensors(request, INPUTS)
    assert {name: (tensor.dtype.name, tensor.shape.as_list()) for name, tensor in tensors.items()} == {
        column.name: (column.dtype, [4] if column.length is None else [4, column.length]) for column in INPUTS
    }
    assert list(as_arguments(request, INPUTS)) == ["a_b", "id", "n", "tags", "tags_weight", "text", "vec", "only_crossed"]


def test_examples_leave_missing_values_out():
    import tensorflow as tf

    request = {
        "a b": np.array(["é", ""], object),
        "id": np.array([5, MISSING_INT]),
        "n": np.array([np.nan, 2.0], np.float32),
        "tags": np.array([["x", "y", ""], ["", "", ""]], object),
        "tags weight": np.array([[0.5, np.nan, np.nan], [np.nan] * 3], np.float32),
    }
    inputs = [column for column in INPUTS if column.name in request]
    first, second = (tf.train.Example.FromString(text).features.feature for text in as_examples(request, inputs).numpy())
    assert set(first) == {"a b", "id", "tags", "tags weight"}
    assert first["a b"].bytes_list.value == ["é".encode()]
    assert first["tags"].bytes_list.value == [b"x", b"y"]
    np.testing.assert_array_equal(first["tags weight"].float_list.value, [0.5, np.nan, np.nan])  # each beside its value
    assert set(second) == {"n", "tags weight"}
    assert second["n"].float_list.value == [2.0]

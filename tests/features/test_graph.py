import math

import numpy as np
import pytest
import tensorflow as tf

from features.codes import Categorical, Cross, Multivalued
from features.graph import make_preprocessing_fn, write_graph
from features.inputs import MISSING_INT, Input
from features.numbers import LOG_SQUARE_BUCKETS, Dense, Numeric
from features.statistics import Statistics

NAN = float("nan")


def transform(feature, statistics=None, tokens=(), folder=None, missing=(), **columns):
    """Outputs for raw columns, by the function that becomes the graph."""
    if tokens:
        (folder / f"{feature.name}.txt").write_text("".join(f"{token}\n" for token in tokens))
    figures = statistics or Statistics(name=feature.name, vocabulary_size=len(tokens))
    vocabularies = {feature.name: f"{folder}/{feature.name}.txt"}
    function = make_preprocessing_fn([feature], {feature.name: figures}, vocabularies, missing)

    @tf.function  # where the graph is built: tables are made and initialised there
    def run(inputs):
        return function(inputs)

    return {name: values.numpy().tolist() for name, values in run(columns).items()}


def numbers(*values):
    return tf.constant(values, tf.float32)


def graph(feature, statistics, folder, inputs, columns, tokens=None):
    """Outputs of the written graph, as serving loads it."""
    if tokens is not None:
        (folder / f"{feature.name}.txt").write_text("".join(f"{token}\n" for token in tokens))
    vocabularies = {feature.name: str(folder / f"{feature.name}.txt")}
    write_graph([feature], inputs, {feature.name: statistics}, vocabularies, str(folder / "graph"))
    loaded = tf.saved_model.load(str(folder / "graph" / "transform_fn"))
    return {name: values.numpy().tolist() for name, values in loaded.transform_fn(columns).items()}


def test_vocabulary_ids_follow_missing_and_unknown_ones(tmp_path):
    feature = Categorical(name="c")
    statistics = Statistics(name="c", vocabulary_size=3)
    columns = {"c": tf.constant(["b", "", "a", "never", "c"])}
    out = graph(feature, statistics, tmp_path, [Input("c", "string")], columns, ["a", "b", "c"])
    assert out == {"c": [4, 1, 3, 2, 5]}


def test_texts_that_mean_no_value_are_missing_but_not_within_a_text_that_is_split(tmp_path):
    column = tf.constant(["a", "NA", "-", "", "b", "NA|a"])
    missing = ["NA", "-"]
    assert transform(Categorical(name="c"), tokens="a", folder=tmp_path, missing=missing, c=column) == {"c": [3, 1, 1, 1, 2, 2]}
    lists = Multivalued(name="l", max_length=2)
    rows = tf.constant([["NA", "a"], ["NA", "-"]])
    assert transform(lists, tokens="a", folder=tmp_path, missing=missing, l=rows) == {"l": [[0, 3], [1, 0]]}
    split = Multivalued(name="s", max_length=2, separator="|")
    assert transform(split, tokens="a", folder=tmp_path, missing=missing, s=column) == {
        "s": [[3, 0], [1, 0], [1, 0], [1, 0], [2, 0], [2, 3]]
    }
    cross = Cross(name="x", columns=["c", "d"], hash_buckets=9)
    assert transform(cross, missing=missing, c=column[1:2], d=column[:1]) == {"x": [1]}


def test_unknown_values_are_spread_over_the_buckets_before_the_vocabulary(tmp_path):
    feature = Categorical(name="c", oov_buckets=4)
    unknown = [f"u{number}" for number in range(50)]
    columns = {"c": tf.constant(["a", *unknown])}
    out = graph(feature, Statistics(name="c", vocabulary_size=1), tmp_path, [Input("c", "string")], columns, ["a"])["c"]
    assert out[0] == 6
    assert set(out[1:]) == {2, 3, 4, 5}


def test_an_empty_vocabulary_leaves_unknown_and_missing():
    assert transform(Categorical(name="c"), c=tf.constant(["x", ""])) == {"c": [2, 1]}


def test_integers_are_looked_up_by_their_digits(tmp_path):
    columns = {"c": tf.constant([-3, MISSING_INT, 12], tf.int64)}
    out = graph(
        Categorical(name="c"), Statistics(name="c", vocabulary_size=2), tmp_path, [Input("c", "int64")], columns, ["12", "-3"]
    )
    assert out == {"c": [4, 1, 3]}


def test_hash_buckets_are_those_of_tensorflow():
    values = ["x", "", "y", "x"]
    out = transform(Categorical(name="c", hash_buckets=10), c=tf.constant(values))["c"]
    hashed = tf.strings.to_hash_bucket_fast(values, 10).numpy() + 2
    assert out == [hashed[0], 1, hashed[2], hashed[0]]


def test_a_cross_hashes_the_joined_texts_and_is_missing_where_a_part_is():
    feature = Cross(name="x", columns=["a", "b"], hash_buckets=100)
    out = transform(feature, a=tf.constant(["u", "u", ""]), b=tf.constant([1, MISSING_INT, 2], tf.int64))["x"]
    assert out == [tf.strings.to_hash_bucket_fast("u\x1f1", 100).numpy() + 2, 1, 1]


def test_bucket_edges_belong_to_the_bucket_above():
    feature, statistics = Numeric(name="n"), Statistics(name="n", boundaries=[1.0, 10.0])
    out = transform(feature, statistics, n=numbers(0.5, 1.0, 9.9, 10.0, 99.0, NAN))
    assert out == {"n": [2, 3, 3, 4, 4, 1]}


def test_log_square_bins_are_those_of_the_formula():
    values = [-7.0, -3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 10.0, 1000.0, 3e38]
    out = transform(Numeric(name="n", encoding="log_square"), n=numbers(*values, NAN))["n"]
    bins = [0, 0, 2, 3, 4, 5, *(5 + math.floor(math.log(value) ** 2) for value in (3.0, 10.0, 1000.0)), LOG_SQUARE_BUCKETS - 1]
    assert out == [*(bucket + 2 for bucket in bins), 1]


@pytest.mark.parametrize(
    ("options", "x", "expected"),
    [
        ({"standardise": False}, [3.0, -1.0], [3.0, -1.0]),
        ({"standardise": False, "clip": (0.0, 2.0)}, [3.0, -1.0], [2.0, 0.0]),
        ({"standardise": False, "log1p": True}, [math.e - 1, -5.0], [1.0, 0.0]),
        ({"standardise": False, "log1p": True, "clip": (0.0, 1.0)}, [9.0, 0.5], [math.log(2), math.log(1.5)]),
        ({}, [3.0, -1.0], [0.5, -1.5]),
    ],
)
def test_values_are_clipped_then_logged_then_standardised_with_a_missing_flag(options, x, expected):
    feature = Numeric(name="n", encoding="value", **options)
    out = transform(feature, Statistics(name="n", mean=2.0, std=2.0), n=numbers(*x, NAN))["n"]
    assert np.allclose(out, [[expected[0], 0.0], [expected[1], 0.0], [0.0, 1.0]])


def test_a_constant_number_is_not_divided_by_zero():
    feature = Numeric(name="n", encoding="value")
    assert transform(feature, Statistics(name="n", mean=5.0, std=0.0), n=numbers(5.0, 6.0)) == {"n": [[0.0, 0.0], [1.0, 0.0]]}


def test_lists_keep_their_order_and_are_padded(tmp_path):
    feature = Multivalued(name="t", max_length=3)
    columns = {"t": tf.constant([["b", "a", "x"], ["a", "", ""], ["", "", ""]])}
    out = graph(feature, Statistics(name="t", vocabulary_size=2), tmp_path, [Input("t", "string", 3)], columns, ["a", "b"])
    assert out == {"t": [[4, 3, 2], [3, 0, 0], [1, 0, 0]]}


def test_delimited_texts_are_split_and_cut(tmp_path):
    feature = Multivalued(name="t", separator="|", max_length=2)
    columns = {"t": tf.constant(["a|b|c", "b", ""])}
    out = graph(feature, Statistics(name="t", vocabulary_size=2), tmp_path, [Input("t", "string")], columns, ["a", "b"])
    assert out == {"t": [[3, 4], [4, 0], [1, 0]]}


def test_weights_go_along_and_missing_ones_weigh_nothing():
    feature = Multivalued(name="t", max_length=2, hash_buckets=5, weights="w")
    columns = {"t": tf.constant([["a", "b"]]), "w": tf.constant([[0.5, NAN]])}
    assert transform(feature, **columns)["t.weights"] == [[0.5, 0.0]]


def test_negative_weights_of_a_request_weigh_nothing():
    feature = Multivalued(name="t", max_length=3, hash_buckets=5, weights="w")
    columns = {"t": tf.constant([["a", "b", "c"]]), "w": tf.constant([[-1.0, 2.0, -0.5]])}
    assert transform(feature, **columns)["t.weights"] == [[0.0, 2.0, 0.0]]


def test_dense_vectors_pass_with_gaps_as_zero():
    assert transform(Dense(name="v"), v=tf.constant([[1.0, NAN]])) == {"v": [[1.0, 0.0]]}

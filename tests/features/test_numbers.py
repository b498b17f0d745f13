"""Numbers and vectors: how their columns are read, and the arithmetic that counting and the graph share."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from features.errors import DataError
from features.inputs import Input
from features.numbers import Dense, Numeric


@pytest.mark.parametrize(
    ("feature", "column_type", "expected"),
    [
        (Numeric(name="a"), None, Input("a", "float32")),
        (Numeric(name="a"), pa.uint8(), Input("a", "float32")),
        (Dense(name="a"), pa.list_(pa.float32(), 5), Input("a", "float32", 5)),
        (Dense(name="a", max_length=4), pa.list_(pa.float64()), Input("a", "float32", 4)),
        (Dense(name="a", separator=" ", max_length=4), None, Input("a", "float32", 4, " ")),
    ],
)
def test_numbers_are_read_as_floats(feature, column_type, expected):
    assert feature.input_of("a", column_type) == expected


@pytest.mark.parametrize(
    ("feature", "column_type", "message"),
    [
        (Numeric(name="a"), pa.string(), "column 'a' is string, not a number"),
        (Dense(name="a"), None, "column 'a' is text, not a list of numbers"),
    ],
)
def test_a_column_that_does_not_fit_is_named(feature, column_type, message):
    with pytest.raises(DataError, match=message):
        feature.input_of("a", column_type)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [-5.0, 0.0, 3.0, 1000.0]),
        ({"clip": (-1.0, 7.0)}, [-1.0, 0.0, 3.0, 7.0]),
        ({"log1p": True}, [0.0, 0.0, np.log(4), np.log(1001)]),
        ({"clip": (1.0, 7.0), "log1p": True}, [np.log(2), np.log(2), np.log(4), np.log(8)]),
    ],
)
def test_clip_and_log1p_are_the_same_in_counting_and_in_the_graph(options, expected):
    feature = Numeric(name="a", encoding="value", **options)
    x = np.float32([-5, 0, 3, 1000])
    np.testing.assert_allclose(feature.conditioned(x.astype(np.float64), np), expected)
    np.testing.assert_allclose(feature.conditioned(tf.constant(x), tf.math).numpy(), expected, rtol=1e-6)


def test_a_number_that_is_missing_stays_missing():
    feature = Numeric(name="a", encoding="value", clip=(0.0, 1.0), log1p=True)
    assert np.isnan(feature.conditioned(tf.constant([np.nan]), tf.math).numpy()).all()

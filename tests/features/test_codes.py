"""Codes and texts: how their columns are read."""

import pyarrow as pa
import pytest

from features.codes import Categorical, Cross, Multivalued
from features.errors import DataError
from features.inputs import Input


@pytest.mark.parametrize(
    ("column_type", "expected"),
    [
        (None, Input("a", "string")),
        (pa.int32(), Input("a", "int64")),
        (pa.float64(), Input("a", "int64")),
        (pa.bool_(), Input("a", "int64")),
        (pa.date32(), Input("a", "string")),
    ],
)
def test_a_code_is_an_integer_or_a_text(column_type, expected):
    assert Categorical(name="a").input_of("a", column_type) == expected
    assert Cross(name="x", columns=["a", "b"], hash_buckets=3).input_of("a", column_type) == expected


@pytest.mark.parametrize(
    ("feature", "column_type", "expected"),
    [
        (Multivalued(name="a", max_length=3), pa.list_(pa.string()), Input("a", "string", 3)),
        (Multivalued(name="a", max_length=3), pa.list_(pa.int16()), Input("a", "int64", 3)),
        (Multivalued(name="a", separator="|"), None, Input("a", "string")),
        (Multivalued(name="a", separator="|", max_length=3), pa.list_(pa.string()), Input("a", "string", 3)),
    ],
)
def test_lists_are_split_in_the_graph_where_they_are_text(feature, column_type, expected):
    assert feature.input_of("a", column_type) == expected


def test_weights_are_lists_of_numbers_split_where_they_are_text():
    feature = Multivalued(name="a", separator="|", weights="w", max_length=2)
    assert feature.inputs == ["a", "w"]
    assert feature.input_of("w", None) == Input("w", "float32", 2, "|")
    assert feature.input_of("w", pa.list_(pa.float64())) == Input("w", "float32", 2)


@pytest.mark.parametrize(
    ("feature", "column_type", "message"),
    [
        (Multivalued(name="a"), None, "column 'a' is text; feature 'a' needs a `separator`"),
        (Categorical(name="a"), pa.list_(pa.string()), "column 'a' holds lists; feature 'a' needs kind multivalued or dense"),
    ],
)
def test_a_column_that_does_not_fit_is_named(feature, column_type, message):
    with pytest.raises(DataError, match=message):
        feature.input_of("a", column_type)

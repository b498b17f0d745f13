import math

import pyarrow as pa
import pytest

from features.errors import DataError
from features.feature import Feature
from features.inputs import MISSING_INT, Input, inputs_of


def the_input(feature, kind):
    return inputs_of([feature], {feature.name: kind})[0]


@pytest.mark.parametrize(
    ("feature", "kind", "expected"),
    [
        ({}, None, Input("a", "string")),
        ({}, pa.int32(), Input("a", "int64")),
        ({}, pa.float64(), Input("a", "int64")),
        ({}, pa.bool_(), Input("a", "int64")),
        ({}, pa.date32(), Input("a", "string")),
        ({"kind": "numeric"}, None, Input("a", "float32")),
        ({"kind": "numeric"}, pa.uint8(), Input("a", "float32")),
        ({"kind": "multivalued", "max_length": 3}, pa.list_(pa.string()), Input("a", "string", 3)),
        ({"kind": "multivalued", "max_length": 3}, pa.list_(pa.int16()), Input("a", "int64", 3)),
        ({"kind": "multivalued", "separator": "|"}, None, Input("a", "string")),
        ({"kind": "multivalued", "separator": "|", "max_length": 3}, pa.list_(pa.string()), Input("a", "string", 3)),
        ({"kind": "dense"}, pa.list_(pa.float32(), 5), Input("a", "float32", 5)),
        ({"kind": "dense", "max_length": 4}, pa.list_(pa.float64()), Input("a", "float32", 4)),
        ({"kind": "dense", "separator": " ", "max_length": 4}, None, Input("a", "float32", 4, " ")),
    ],
)
def test_a_feature_reads_its_column_as(feature, kind, expected):
    assert the_input(Feature(name="a", **feature), kind) == expected


def test_weights_are_lists_of_numbers_split_where_they_are_text():
    feature = Feature(name="a", kind="multivalued", separator="|", weights="w", max_length=2)
    assert inputs_of([feature], {"a": None, "w": None}) == [Input("a", "string"), Input("w", "float32", 2, "|")]


@pytest.mark.parametrize(
    ("feature", "kind", "message"),
    [
        ({"kind": "numeric"}, pa.string(), "column 'a' is string, not a number"),
        ({"kind": "dense"}, None, "column 'a' is text, not a list of numbers"),
        ({"kind": "multivalued"}, None, "column 'a' is text; feature 'a' needs a `separator`"),
        ({}, pa.list_(pa.string()), "column 'a' holds lists; feature 'a' needs kind multivalued or dense"),
    ],
)
def test_a_column_that_does_not_fit_its_feature_is_named(feature, kind, message):
    with pytest.raises(DataError, match=message):
        the_input(Feature(name="a", **feature), kind)


def test_a_column_has_one_type_for_all_its_features():
    features = [Feature(name="a", kind="numeric"), Feature(name="x", kind="cross", columns=["a", "b"], hash_buckets=3)]
    with pytest.raises(DataError, match="column 'a' is read as float32 and as string"):
        inputs_of(features, {"a": None, "b": None})


def test_missing_marks_and_arrow_types():
    assert Input("a", "string").missing == ""
    assert Input("a", "int64").missing == MISSING_INT == -(2**63)
    assert math.isnan(Input("a", "float32").missing)
    assert Input("a", "int64").arrow_type() == pa.int64()
    assert Input("a", "float32", 3).arrow_type() == pa.list_(pa.float32(), 3)

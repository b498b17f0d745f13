"""What features of all kinds have: their raw columns, and their form in the spec."""

import pytest

from features.codes import Categorical, Cross, Multivalued
from features.errors import DataError
from features.feature import inputs_of
from features.inputs import Input
from features.numbers import Dense, Numeric


@pytest.mark.parametrize(
    ("feature", "transform"),
    [
        (Categorical(name="a"), {}),
        (Numeric(name="a"), {"kind": "numeric"}),
        (Categorical(name="a", source="s", width=3, max_size=4), {"max_size": 4, "width": 3, "source": "s"}),
        (Dense(name="a", cost=1, max_length=3), {"kind": "dense", "max_length": 3, "cost": 1.0}),
        (
            Cross(name="a", group="g", columns=["x", "y"], hash_buckets=4),
            {"kind": "cross", "columns": ["x", "y"], "hash_buckets": 4, "group": "g"},
        ),
        (
            Numeric(name="a", encoding="value", clip=(0, 1), log1p=True),
            {"kind": "numeric", "encoding": "value", "clip": [0.0, 1.0], "log1p": True},
        ),
    ],
)
def test_the_spec_holds_what_is_not_at_its_default_in_this_order(feature, transform):
    assert list(feature.transform().items()) == list(transform.items())


def test_inputs_are_the_raw_columns_each_once():
    cross = Cross(name="axb", columns=["a", "b"], hash_buckets=9)
    tags = Multivalued(name="tags", weights="tag weights", separator="|", max_length=2)
    types = dict.fromkeys(("a", "b", "tags", "tag weights"))
    assert inputs_of([Categorical(name="b"), cross, tags], types) == [
        Input("b", "string"),
        Input("a", "string"),
        Input("tags", "string"),
        Input("tag weights", "float32", 2, "|"),
    ]


def test_a_column_has_one_type_for_all_its_features():
    features = [Numeric(name="a"), Cross(name="x", columns=["a", "b"], hash_buckets=3)]
    with pytest.raises(DataError, match="column 'a' is read as float32 and as string"):
        inputs_of(features, {"a": None, "b": None})

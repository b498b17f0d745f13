"""Feature rules: bounds of their fields, and fields that would do nothing."""

import pydantic
import pytest

from features.feature import Feature, FeatureRule


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"match": []}, "at least 1 item"),
        ({"match": ""}, "at least 1 character"),
        ({"kind": "numeric", "encoding": "value", "clip": [float("nan"), 1]}, "finite number"),
        ({"kind": "numeric", "encoding": "value", "clip": [10, 0]}, "10 is not below 0"),
        ({"kind": "numeric", "encoding": "value", "clip": [1, 1]}, "1 is not below 1"),
        ({"cost": float("inf")}, "finite number"),
        ({"hash_buckets": 1}, "greater than 1"),
        ({"hash_buckets": 10**15}, "less than or equal to 2147483640"),
        ({"oov_buckets": 10**9}, "less than or equal to 10000000"),
        ({"width": 10**6}, "less than or equal to 4096"),
        ({"kind": "cross", "columns": ["a", "b"]}, "a cross needs"),
        ({"kind": "cross", "columns": ["a", "b"], "hash_buckets": 9, "match": ["x", "y"]}, "a cross needs"),
    ],
)
def test_values_out_of_bounds_are_refused(fields, message):
    with pytest.raises(pydantic.ValidationError) as raised:
        FeatureRule.model_validate({"match": "a"} | fields)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("columns", ["a", "b"], {}),
        ("encoding", "value", {}),
        ("buckets", 8, {"kind": "categorical"}),
        ("buckets", 8, {"kind": "numeric", "encoding": "log_square"}),
        ("clip", [0, 1], {"kind": "numeric"}),
        ("log1p", True, {"kind": "numeric", "encoding": "buckets"}),
        ("standardise", False, {"kind": "numeric"}),
        ("hash_buckets", 9, {"kind": "numeric"}),
        ("min_count", 9, {"kind": "dense"}),
        ("min_count", 9, {"hash_buckets": 100}),
        ("max_size", 9, {"kind": "multivalued", "hash_buckets": 100}),
        ("oov_buckets", 9, {"kind": "numeric"}),
        ("separator", "|", {"kind": "categorical"}),
        ("max_length", 3, {"kind": "categorical"}),
        ("weights", "w", {"kind": "dense"}),
        ("width", 4, {"kind": "numeric", "encoding": "value"}),
    ],
)
def test_fields_that_would_do_nothing_are_refused(field, value, rule):
    with pytest.raises(pydantic.ValidationError, match=f"`{field}` does nothing here"):
        FeatureRule.model_validate({"match": "a", field: value} | rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "numeric", "buckets": 8, "width": 4},
        {"kind": "numeric", "encoding": "value", "clip": [0, 1], "log1p": True, "standardise": False},
        {"kind": "multivalued", "separator": "|", "max_length": 3, "weights": "w", "min_count": 2, "max_size": 9},
        {"kind": "dense", "separator": "|", "max_length": 3},
        {"kind": "dense", "width": 3},  # as in the drafts of former versions
        {"kind": "cross", "columns": ["a", "b"], "hash_buckets": 9, "width": 4},
    ],
)
def test_fields_of_a_kind_are_taken(rule):
    taken = FeatureRule.model_validate({"match": "x"} | rule)
    assert {field: getattr(taken, field) for field in taken.model_fields_set} == {"match": ["x"]} | {
        field: tuple(value) if field == "clip" else value for field, value in rule.items()
    }


def test_raw_columns_of_a_feature():
    cross = Feature(name="axb", kind="cross", columns=["a", "b"], hash_buckets=9)
    weighted = Feature(name="tags", kind="multivalued", weights="tag_weights")
    assert [cross.inputs, weighted.inputs, Feature(name="a").inputs] == [["a", "b"], ["tags", "tag_weights"], ["a"]]

"""Rules of a config: bounds of their fields, fields that would do nothing, and the features they become."""

import pickle

import pydantic
import pytest

from features.codes import Categorical, Cross, Multivalued
from features.config.rules import RULES, AnyRule
from features.kinds import KINDS
from features.numbers import Dense, Numeric

RULE = pydantic.TypeAdapter(AnyRule)


def refusal(fields):
    with pytest.raises(pydantic.ValidationError) as raised:
        RULE.validate_python({"match": "a"} | fields)
    return str(raised.value)


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
        ({"kind": "cross", "columns": ["a", "b"]}, "cross.hash_buckets\n  Field required"),
        ({"kind": "cross", "columns": ["a"], "hash_buckets": 9}, "at least 2 items"),
        ({"kind": "cross", "columns": ["a", "b"], "hash_buckets": 9, "match": ["x", "y"]}, "a cross needs one name in `match`"),
        ({"kind": "number"}, "'number' is none; the kinds are numeric, categorical, multivalued, dense, cross"),
        ({"kind": ["numeric"]}, "['numeric'] is none"),
        ({"name": "a"}, "Extra inputs are not permitted"),
        ({"colums": ["a", "b"]}, "Extra inputs are not permitted"),
    ],
)
def test_values_out_of_bounds_are_refused(fields, message):
    assert message in refusal(fields)


@pytest.mark.parametrize(
    ("rule", "field", "value", "kinds"),
    [
        ({}, "columns", ["a", "b"], "kind cross"),
        ({}, "encoding", "value", "kind numeric"),
        ({"kind": "categorical"}, "buckets", 8, "kind numeric"),
        ({"kind": "numeric"}, "hash_buckets", 9, "kind categorical or multivalued or cross"),
        ({"kind": "dense"}, "min_count", 9, "kind categorical or multivalued"),
        ({"kind": "dense"}, "min_count", 5, "kind categorical or multivalued"),  # the default is no less idle
        ({"kind": "numeric"}, "oov_buckets", 9, "kind categorical or multivalued"),
        ({"kind": "categorical"}, "separator", "|", "kind multivalued or dense"),
        ({"kind": "categorical"}, "max_length", 3, "kind multivalued or dense"),
        ({"kind": "dense"}, "weights", "w", "kind multivalued"),
        ({"kind": "numeric", "encoding": "log_square"}, "buckets", 8, "kind numeric and encoding buckets"),
        ({"kind": "numeric"}, "clip", [0, 1], "kind numeric and encoding value"),
        ({"kind": "numeric", "encoding": "buckets"}, "log1p", True, "kind numeric and encoding value"),
        ({"kind": "numeric"}, "standardise", False, "kind numeric and encoding value"),
        ({"hash_buckets": 100}, "min_count", 9, "a vocabulary"),
        ({"kind": "multivalued", "hash_buckets": 100}, "max_size", 9, "a vocabulary"),
        ({"kind": "numeric", "encoding": "value"}, "width", 4, "features that are embedded"),
    ],
)
def test_fields_that_would_do_nothing_are_refused(rule, field, value, kinds):
    assert f"`{field}` does nothing here: it belongs to {kinds}" in refusal({field: value} | rule)


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
    taken = RULE.validate_python({"match": "x"} | rule)
    assert {field: getattr(taken, field) for field in taken.model_fields_set} == {"match": ["x"]} | {
        field: tuple(value) if field == "clip" else value for field, value in rule.items()
    }
    assert pickle.loads(pickle.dumps(taken)) == taken


@pytest.mark.parametrize(
    ("rule", "feature"),
    [
        ({"match": "a*", "min_count": 2}, Categorical(name="ab", min_count=2)),
        ({"match": "a*", "kind": "numeric", "buckets": 3}, Numeric(name="ab", buckets=3)),
        ({"match": "a*", "kind": "multivalued", "weights": "w"}, Multivalued(name="ab", weights="w")),
        ({"match": "a*", "kind": "dense", "group": "g"}, Dense(name="ab", group="g")),
        (
            {"match": "a*", "kind": "cross", "columns": ["x", "y"], "hash_buckets": 4},
            Cross(name="ab", columns=["x", "y"], hash_buckets=4),
        ),
    ],
)
def test_a_rule_becomes_a_feature_of_its_kind(rule, feature):
    assert RULE.validate_python(rule).feature("ab") == feature


def test_a_pattern_stands_for_columns_but_not_for_a_cross():
    columns = ["ab", "ac", "b"]
    assert RULE.validate_python({"match": "a*"}).names("a*", columns) == ["ab", "ac"]
    cross = RULE.validate_python({"match": "a*", "kind": "cross", "columns": ["ab", "b"], "hash_buckets": 4})
    assert cross.names("a*", columns) == ["a*"]


def test_each_kind_has_a_rule_with_the_fields_of_its_features():
    assert list(RULES) == list(KINDS)
    for kind, rule in RULES.items():
        assert rule.model_fields.keys() - {"match"} == KINDS[kind].model_fields.keys() - {"name"}
        assert rule.model_json_schema()["properties"]["kind"]["const"] == kind

"""Feature rules matched with columns: names, order, columns that can be no feature, and rules that overlap."""

import pydantic
import pytest

from features.codes import Categorical
from features.config.matching import check_patterns, match_rules
from features.config.rules import AnyRule
from features.errors import ConfigError
from features.numbers import Numeric

RULE = pydantic.TypeAdapter(AnyRule)
COLUMNS = ["click", "I1", "I2", "tags", "tag_weights", "C1", "C2"]
RESERVED = {"click": "the label", "day": "the split column"}


def match(rules, columns=COLUMNS, reserved=RESERVED):
    return match_rules([RULE.validate_python(rule) for rule in rules], columns, reserved)


def test_features_are_in_the_order_of_the_data_with_crosses_last():
    rules = [{"match": "x", "kind": "cross", "columns": ["C1", "C2"], "hash_buckets": 9}, {"match": ["C*", "I1..I2"]}]
    assert [feature.name for feature in match(rules)] == ["I1", "I2", "C1", "C2", "x"]


def test_the_last_rule_holds_and_globs_pass_over_the_label():
    features = match([{"match": "*", "min_count": 3}, {"match": "I2", "kind": "numeric", "buckets": 8}])
    assert features[1] == Numeric(name="I2", buckets=8)
    assert features[:1] + features[2:] == [Categorical(name=name, min_count=3) for name in COLUMNS[1:] if name != "I2"]


@pytest.mark.parametrize(
    ("pattern", "columns", "names"),
    [
        ("Q1..Q3", ["y", "Q1", "Q2", "Q3", "Q1..Q3"], ["Q1..Q3"]),
        ("[0]", ["y", "0", "[0]"], ["[0]"]),
        ("*", ["y", "a", "*"], ["*"]),
        ("a*", ["y", "a", "ab"], ["a", "ab"]),
    ],
)
def test_a_pattern_that_equals_a_columns_name_means_that_column(pattern, columns, names):
    assert [feature.name for feature in match([{"match": pattern}], columns, {"y": "the label"})] == names


CROSS = {"match": "x", "kind": "cross", "hash_buckets": 9}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([{"match": "Z*"}], "features[0].match: 'Z*' matches no column of the data"),
        ([{"match": "C*"}, {"match": "Q"}], "features[1].match: column 'Q' is not in the data"),
        ([{"match": "click"}], "features[0].match: 'click' is the label, which can be no feature"),
        ([CROSS | {"columns": ["C1", "click"]}], "features[0].columns: 'click' is the label"),
        ([CROSS | {"columns": ["C1", "day"]}], "features[0].columns: 'day' is the split column"),
        ([CROSS | {"columns": ["C1", "Q"]}], "features[0].columns: column 'Q' is not in the data"),
        ([CROSS | {"match": "C1", "columns": ["C1", "C2"]}], "features[0].match: 'C1' is a column of the data; give the cross"),
        ([{"match": "tags", "kind": "multivalued", "weights": "click"}], "features[0].weights: 'click' is the label"),
        (
            [
                {"match": "tags", "kind": "multivalued", "weights": "tag_weights"},
                CROSS | {"match": "tags.weights", "columns": ["C1", "C2"]},
            ],
            "features[1].match: 'tags.weights' is what the weights of another feature are called",
        ),
    ],
)
def test_rules_that_fit_no_column_are_refused(rules, message):
    with pytest.raises(ConfigError) as raised:
        match(rules)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("first", "second", "lost"),
    [
        ({"match": "C*", "min_count": 3}, {"match": "C2"}, "min_count"),
        ({"match": "C*", "group": "g", "cost": 2}, {"match": "C2", "kind": "numeric"}, "cost, group"),
        ({"match": "C*", "max_size": 9}, {"match": "C2", "kind": "multivalued"}, "max_size"),
    ],
)
def test_a_rule_that_drops_fields_of_an_earlier_one_is_refused(first, second, lost):
    with pytest.raises(ConfigError) as raised:
        match([first, second])
    assert str(raised.value).startswith(f"features[1]: takes 'C2' from features[0], whose {lost} would be lost; repeat the")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"match": "C*", "min_count": 3}, {"match": "C2", "min_count": 9}),
        ({"match": "C*", "min_count": 3}, {"match": "C2", "hash_buckets": 9}),
        ({"match": "C*", "min_count": 3}, {"match": "C2", "kind": "numeric"}),
        ({"match": "C*", "kind": "numeric", "buckets": 9}, {"match": "C2", "kind": "numeric", "encoding": "value"}),
    ],
)
def test_fields_that_the_later_rule_says_itself_or_cannot_have_are_no_loss(first, second):
    later = {feature.name: feature for feature in match([first, second])}["C2"]
    assert all(getattr(later, field) == value for field, value in second.items() if field != "match")


def test_patterns_that_stand_for_nothing_are_named():
    check_patterns("selection.keep", ["a", "b*"], ["a", "bc"], "not one of the features")
    with pytest.raises(ConfigError, match=r"selection\.keep: 'Q\*' is not one of the features"):
        check_patterns("selection.keep", ["a", "Q*"], ["a"], "not one of the features")


def test_globs_pass_over_a_column_without_a_name():
    """pandas writes its index into one."""
    assert [feature.name for feature in match([{"match": "*"}], ["", "click", "a"])] == ["a"]

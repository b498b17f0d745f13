"""What is wrong with a config, in sentences: the field as it is written, and what its value should be."""

import pydantic
import pytest

from features.config import Config
from features.config.explanation import explain

WHOLE = {
    "name": "x",
    "work_dir": "x",
    "data": {"format": "csv", "train": "a.csv", "label": "y"},
    "features": [{"match": "*"}],
    "selection": {"budget": {"features": 1}},
}


def lines(**changes):
    with pytest.raises(pydantic.ValidationError) as raised:
        Config.model_validate(WHOLE | changes)
    return explain("c.yaml", raised.value).splitlines()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training": {"epochs": 0}}, "c.yaml: training.epochs: must be greater than 0, not 0"),
        ({"training": {"epochs": 1.5}}, "c.yaml: training.epochs: must be a whole number, not 1.5"),
        ({"training": {"epochs": "many"}}, 'c.yaml: training.epochs: must be a whole number, not "many"'),
        ({"training": {"epochs": None}}, "c.yaml: training.epochs: must be a whole number, not null"),
        ({"training": {"xla": 3}}, "c.yaml: training.xla: must be true or false or 'auto', not 3"),
        ({"training": {"strategy": "x"}}, "c.yaml: training.strategy: must be 'auto', 'one_device', 'mirrored'"),
        ({"selection": {"budget": {"bytes": -1}}}, "c.yaml: selection.budget.bytes: must be greater than 0 or a text, not -1"),
        ({"selection": {"budget": {"bytes": "ten"}}}, "c.yaml: selection.budget: 'ten' is neither a number nor a share"),
        ({"selection": None}, "c.yaml: selection: must be a group of fields, not null"),
        ({"proof": {"points": [[1]]}}, "c.yaml: proof.points[0]: must be a whole number or a group of fields"),
        ({"proof": {"points": ["x"]}}, "c.yaml: proof.points[0]: 'x' is no budget; write `auto`, `all`, or a unit"),
        ({"proof": {"points": [{"bytes": "x"}]}}, "c.yaml: proof.points[0]: 'x' is neither a number nor a share"),
        ({"model": {"tower": {"units": 5}}}, "c.yaml: model.tower.units: must be a list, not 5"),
        ({"features": [{"match": ["a", 5]}]}, "c.yaml: features[0].match[1]: must be a text; write it in quotes: '5'"),
        ({"features": [{"match": "a", "Budget": 5}]}, "c.yaml: features[0].Budget: unknown field; check its spelling"),
        ({"features": [{"match": "a"}, {}]}, "c.yaml: features[1].match: required, but not given"),
        ({"features": [{"match": "a", "kind": "cross", "columns": ["b"], "hash_buckets": 5}]}, "c.yaml: features[0].columns: "),
        ({"name": 5}, "c.yaml: name: must be a text; write it in quotes: '5'"),
    ],
)
def test_a_wrong_value_is_one_line_with_the_field_and_what_it_should_be(changes, expected):
    (line,) = lines(**changes)
    assert line.startswith(expected)


def test_each_wrong_field_has_a_line():
    assert lines(training={"epochs": 0, "batch_size": "x"}, modell={}) == [
        'c.yaml: training.batch_size: must be a whole number, not "x"',
        "c.yaml: training.epochs: must be greater than 0, not 0",
        "c.yaml: modell: unknown field; check its spelling and its place",
    ]


def test_long_values_are_cut():
    (line,) = lines(training={"epochs": "x" * 1000})
    assert line == f'c.yaml: training.epochs: must be a whole number, not "{"x" * 39}'

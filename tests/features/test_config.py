"""The config: patterns, overrides, and errors that name the field."""

import pytest
import yaml

from features.config import Config
from features.errors import ConfigError

BASE = {
    "data": {"format": "csv", "train": "train.csv", "label": "click"},
    "features": [{"match": "I1..I3", "kind": "numeric"}, {"match": "C*"}],
    "selection": {"budget": {"features": 2}},
}
COLUMNS = ["click", "I1", "I2", "I3", "C1", "C2"]


@pytest.fixture
def write(tmp_path):
    def _write(**changes):
        path = tmp_path / "c.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes}))
        return path

    return _write


def test_defaults_keep_it_short(write):
    config = Config.load(write())
    assert (config.name, config.work_dir) == ("c", "work/c")
    assert config.model.embedding_width == 16
    assert config.data.separator == ","


def test_resolve_last_rule_wins_and_keeps_first_place(write):
    rules = [{"match": "*", "min_count": 3}, {"match": "I2", "kind": "numeric", "buckets": 8}]
    features = Config.load(write(features=rules)).resolve(COLUMNS)
    assert [feature.name for feature in features] == ["I1", "I2", "I3", "C1", "C2"]
    assert [feature.kind for feature in features] == ["categorical", "numeric", "categorical", "categorical", "categorical"]
    assert features[0].min_count == 3
    assert features[1].buckets == 8


def test_cross_reads_its_columns(write):
    rules = [{"match": "C1xC2", "kind": "cross", "columns": ["C1", "C2"], "hash_buckets": 100}]
    (cross,) = Config.load(write(features=rules), ["selection.budget.features=1"]).resolve(COLUMNS)
    assert cross.inputs == ["C1", "C2"]


def test_override_and_budget_replacement(write):
    config = Config.load(write(), ["training.batch_size=64", "selection.budget.bytes=10%"])
    assert config.training.batch_size == 64
    assert (config.selection.budget.features, config.selection.budget.share) == (None, 0.1)


def test_environment(write, monkeypatch):
    monkeypatch.setenv("WHERE", "/logs")
    data = {**BASE["data"], "train": ["${WHERE}/a.csv", "${ELSEWHERE:-b}.csv"]}
    assert Config.load(write(data=data)).data.train == ["/logs/a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selektion": {}}, "selektion: unknown field"),
        ({"selection": {"budget": {"features": 0}}}, "selection.budget.features: "),
        ({"selection": {"budget": {}}}, "selection.budget: a budget names exactly one"),
        ({"selection": {"budget": {"bytes": "ten"}}}, "'ten' is neither a number nor a share"),
        ({"data": {"format": "csv", "train": "x"}}, "data.label: required"),
        ({"data": {**BASE["data"], "header": False}}, "files without a header need `columns`"),
        ({"data": {**BASE["data"], "train": "${NOT_SET_HERE}/x"}}, "environment variable NOT_SET_HERE is not set"),
        ({"features": [{"match": "C1", "kind": "cross"}]}, "features[0]: a cross needs"),
    ],
)
def test_wrong_fields_are_named(write, changes, message):
    with pytest.raises(ConfigError) as raised:
        Config.load(write(**changes))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": [{"match": "Z*"}]}, "features[0].match: 'Z*' matches no column"),
        ({"features": [{"match": "click"}]}, "'click' is the label"),
        ({"features": [{"match": "Q"}]}, "column 'Q' is not in the data"),
        ({"selection": {"budget": {"features": 1}, "keep": ["Q"]}}, "selection.keep: 'Q' is not one of the features"),
        ({"serving": {"optional": ["Q"]}}, "serving.optional: 'Q' is no column of the data"),
    ],
)
def test_rules_that_fit_no_column_are_named(write, changes, message):
    with pytest.raises(ConfigError) as raised:
        Config.load(write(**changes)).resolve(COLUMNS)
    assert message in str(raised.value)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(ConfigError, match="no such config file"):
        Config.load(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        Config.load(broken)


FORMER = [
    ("selection.budget", "slots", "optimizer_slots", True, False),
    ("proof", "seeds", "seed_count", 1, 5),
    ("proof", "bootstrap", "bootstrap_samples", 50, 60),
    ("selection", "members", "gate_count", 2, 4),
    ("selection", "carry", "standing_carryover", 0.5, 0.25),
    ("selection.frontier", "beta", "cost_weight", 1.5, 0.75),
]


def _nested(section, fields):
    """A `selection` or `proof` with the given fields in one of its sections."""
    *outer, inner = section.split(".")
    changes = fields if inner in ("selection", "proof") else {inner: fields}
    if (outer or [inner])[0] == "selection":
        changes = {"budget": {"bytes": 8}} | changes
    if section == "selection.budget":
        changes["budget"] = {"bytes": 8} | fields
    return {(outer or [inner])[0]: changes}


def _value(config, section, name):
    value = config
    for part in [*section.split("."), name]:
        value = getattr(value, part)
    return value


@pytest.mark.parametrize(("section", "former", "name", "value", "other"), FORMER)
def test_former_names_of_fields_mean_the_same_in_files_and_overrides(write, section, former, name, value, other):
    by_former, by_name = (Config.load(write(**_nested(section, {key: value}))) for key in (former, name))
    assert _value(by_name, section, name) == value
    assert by_former == by_name
    for written in (former, name):
        for key in (former, name):
            config = Config.load(write(**_nested(section, {written: value})), [f"{section}.{key}={other}"])
            assert _value(config, section, name) == other


@pytest.mark.parametrize(("section", "former", "name", "value", "other"), FORMER)
def test_a_field_under_both_its_names_is_refused(write, section, former, name, value, other):
    with pytest.raises(ConfigError) as raised:
        Config.load(write(**_nested(section, {former: value, name: other})))
    assert f"{section}: `{former}` is the former name of `{name}`; give one of the two" in str(raised.value)

"""The config's file: YAML that cannot be read, overrides, former names, and errors that name the field."""

import pytest
import yaml

from features.config import Config
from features.config.yaml_file import apply_override, name_of, parse_yaml, read_document
from features.errors import ConfigError

BASE = {
    "data": {"format": "csv", "train": "train.csv", "label": "click"},
    "features": [{"match": "C*"}],
    "selection": {"budget": {"features": 2}},
}


@pytest.fixture
def write(tmp_path):
    def _write(**changes):
        path = tmp_path / "c.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes}))
        return path

    return _write


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "f.yaml: cannot be read as YAML: line 1, column 5: expected the node content"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: 1\nb: !!int x", "line 2, column 4: 'x' is not of the type it claims to be; write it in quotes"),
        ("!!float abc", "'abc' is not of the type it claims to be"),
        ("!!bool abc", "'abc' is not of the type it claims to be"),
        ("!!timestamp abc", "'abc' is not of the type it claims to be"),
        ("0x_", "'0x_' is not of the type it claims to be"),
        ("1" * 5000, "'" + "1" * 40 + "' is not of the type it claims to be"),
        ("[" * 2000, "its brackets are nested too deeply"),
        ("{[1]: 2}", "found unhashable key"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: \x07", "cannot be read as YAML: unacceptable character #x0007"),
    ],
)
def test_yaml_that_cannot_be_built_is_one_sentence(text, message):
    with pytest.raises(ConfigError) as raised:
        parse_yaml(text, "f.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("date", ["2020-01-08", "2020-02-31", "2020-13-45", "2024-01-04T00:00:00", "2024-01-04 10:00:00Z"])
def test_dates_stay_the_texts_they_were(date, write):
    assert parse_yaml(date, "") == date


def test_a_date_without_quotes_bounds_a_split(write):
    split = {"by": "time", "column": "day", "test_from": "2025-01-01"}
    path = write(data=BASE["data"] | {"split": split})
    assert Config.load(path, ["data.split.validation_from=2024-01-04"]).data.split.validation_from == "2024-01-04"
    with pytest.raises(ConfigError, match="'2020-02-31' is no time; write it as 2024-01-31"):
        Config.load(path, ["data.split.validation_from=2020-02-31"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such config file; `winnow init DATA` writes a first one"),
        (b"\xff\xfe", "cannot be read as YAML: 'utf-8' codec can't decode"),
        (b"", "a config is a mapping of fields, see configs/ for examples"),
        (b"[1, 2]", "a config is a mapping of fields"),
    ],
)
def test_files_that_are_no_config(tmp_path, content, message):
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        read_document(path, [], Config)
    assert str(raised.value).startswith(f"{path}: {message}")


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        read_document(tmp_path, [], Config)


@pytest.mark.parametrize(
    ("file", "name"), [("a.yaml", "a"), ("my config.yaml", "my_config"), ("x (1).v2.yaml", "x_1_.v2"), ("日本.yaml", "日本")]
)
def test_names_are_made_from_the_stem(file, name, tmp_path):
    assert name_of(tmp_path / file) == name
    (tmp_path / file).write_text(yaml.safe_dump(BASE))
    config = Config.load(tmp_path / file)
    assert (config.name, config.work_dir) == (name, f"work/{name}")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.seed", "--set training.seed: write key=value, such as selection.budget.features=10"),
        ("data.label.x=1", "--set data.label.x=1: label is not a group of fields"),
        ("training.seed=[", "--set training.seed=[: cannot be read as YAML: line 1, column 2"),
        ("training.seed=!!int x", "--set training.seed=!!int x: cannot be read as YAML: line 1, column 1"),
    ],
)
def test_overrides_that_cannot_be_applied(override, message):
    with pytest.raises(ConfigError) as raised:
        apply_override({"data": {"label": "y"}}, override, Config)
    assert str(raised.value).startswith(message)


def test_an_override_makes_the_groups_it_needs_and_replaces_the_budgets_unit(write):
    config = Config.load(write(), ["model.tower.units=[8]", "selection.budget.bytes=10%", "training.batch_size=64"])
    assert config.model.tower.units == [8]
    assert config.training.batch_size == 64
    assert (config.selection.budget.features, config.selection.budget.share) == (None, 0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selektion": {}}, "selektion: unknown field; check its spelling and its place"),
        ({"selection": {"budget": {"features": 0}}}, "selection.budget.features: must be greater than 0, not 0"),
        ({"selection": {"budget": {}}}, "selection.budget: a budget names exactly one"),
        ({"data": {"format": "csv", "train": "x"}}, "data.label: required, but not given"),
        ({"data": BASE["data"] | {"missing": [-1]}}, "data.missing[0]: must be a text; write it in quotes: '-1'"),
        ({"data": BASE["data"] | {"train": 5}}, "data.train: must be a list, not 5"),
        ({"features": []}, "features: must have at least 1 item, not 0"),
        ({"features": [{"match": "a"}, {"match": []}]}, "features[1].match: must have at least 1 item, not 0"),
        ({"name": "a b"}, "name: must match pattern"),
        ({"name": ".."}, "name: must match pattern"),
        ({"training": {"seed": 2**32 - 2}}, "training.seed: the last of proof.seed_count seeds is 4294967296"),
    ],
)
def test_errors_name_the_field(write, changes, message):
    path = write(**changes)
    with pytest.raises(ConfigError) as raised:
        Config.load(path)
    assert str(raised.value).startswith(f"{path}: {message}")


FORMER = [
    ("selection.budget", "slots", "optimizer_slots", True, False),
    ("proof", "seeds", "seed_count", 1, 5),
    ("proof", "bootstrap", "bootstrap_samples", 50, 60),
    ("selection", "members", "gate_count", 2, 4),
    ("selection", "carry", "standing_carryover", 0.5, 0.25),
    ("selection.frontier", "beta", "cost_weight", 1.5, 0.75),
]


def nested(section, fields):
    """A `selection` or `proof` with the given fields in it, or in a section of it."""
    outer, _, inner = section.partition(".")
    whole = {"budget": {"bytes": 8}} if outer == "selection" else {}
    if inner:
        return {outer: whole | {inner: whole.get(inner, {}) | fields}}
    return {outer: whole | fields}


def value_of(config, section, name):
    value = config
    for part in [*section.split("."), name]:
        value = getattr(value, part)
    return value


@pytest.mark.parametrize(("section", "former", "name", "value", "other"), FORMER)
def test_former_names_of_fields_mean_the_same_in_files_and_overrides(write, section, former, name, value, other):
    by_former, by_name = (Config.load(write(**nested(section, {key: value}))) for key in (former, name))
    assert value_of(by_name, section, name) == value
    assert by_former == by_name
    for written in (former, name):
        for key in (former, name):
            config = Config.load(write(**nested(section, {written: value})), [f"{section}.{key}={other}"])
            assert value_of(config, section, name) == other


@pytest.mark.parametrize(("section", "former", "name", "value", "other"), FORMER)
def test_a_field_under_both_its_names_is_refused(write, section, former, name, value, other):
    with pytest.raises(ConfigError) as raised:
        Config.load(write(**nested(section, {former: value, name: other})))
    assert f"{section}: `{former}` is the former name of `{name}`; give one of the two" in str(raised.value)

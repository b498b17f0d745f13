"""The config's JSON Schema takes what the config takes; configs lead editors to it."""

from pathlib import Path

import pytest

from features.config import Config
from features.config.json_schema import EDITOR_LINE, config_schema
from features.config.yaml_file import read_document

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
OLD_CONFIGS = sorted((Path(__file__).parent / "data" / "configs").glob("*.yaml"))
DATA = {"format": "csv", "train": "a.csv", "label": "y"}
WHOLE = {"data": DATA, "features": [{"match": "*"}]}


@pytest.fixture(scope="module")
def errors():
    """The messages of all that the schema refuses in a document."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = config_schema()
    validator.check_schema(schema)
    return lambda document: [error.message for error in validator(schema).iter_errors(document)]


def test_every_field_has_a_description():
    schema = config_schema()
    for name, section in {"": schema, **schema["$defs"]}.items():
        fields = section.get("properties") or section["anyOf"][1]["properties"]
        assert [field for field, values in fields.items() if not (values.get("description") or "$ref" in values)] == [], name


@pytest.mark.parametrize("path", CONFIGS + OLD_CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_configs_are_valid(path, errors):
    assert errors(read_document(path, [], Config)) == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_lead_editors_to_the_schema(path):
    assert path.read_text().splitlines()[0] == EDITOR_LINE


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "features": [
                {"match": ["a", "b*"], "min_count": 2},
                {"match": "c", "kind": "numeric", "clip": [0, 1], "encoding": "value"},
            ]
        },
        {"features": [{"match": "x", "kind": "cross", "columns": ["a", "b"], "hash_buckets": 9}]},
        {"selection": {"budget": "auto"}},
        {"selection": {"budget": {"bytes": "10%", "slots": True}, "carry": 0.5}},
        {"selection": {"budget": {"bytes": "10%", "optimizer_slots": True}, "standing_carryover": 0.5}},
        {"data": DATA | {"train": ["a", "b"], "split": {"by": "time", "column": "day", "test_from": "2024-01-31"}}},
        {"proof": {"points": [3, {"latency": "500us"}], "seeds": 2}},
    ],
)
def test_the_schema_takes_what_the_config_takes(changes, errors):
    assert errors(WHOLE | changes) == []
    Config.model_validate({"name": "x", "work_dir": "x"} | WHOLE | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selektion": {}}, "'selektion' was unexpected"),
        ({"data": DATA | {"labels": "y"}}, "'labels' was unexpected"),
        ({"data": DATA | {"train": 5}}, "5 is not valid under any of the given schemas"),
        ({"features": [{"match": "a", "kind": "dense", "min_count": 9}]}, "is not valid under any of the given schemas"),
        ({"features": [{"match": "a", "kind": "cross", "columns": ["b", "c"]}]}, "is not valid under any of the given schemas"),
        ({"training": {"seed": -1}}, "-1 is less than the minimum of 0"),
        ({"selection": {"budget": {"bytes": "ten"}}}, "{'bytes': 'ten'} is not valid under any of the given schemas"),
        ({"selection": {"budget": {"bytes": 1, "cost": 1}}}, "{'bytes': 1, 'cost': 1} is not valid"),
        ({"proof": {"seeds": 2, "seed_count": 2}}, "{'seeds': 2, 'seed_count': 2} should not be valid under"),
    ],
)
def test_the_schema_refuses_what_the_config_refuses(changes, message, errors):
    assert any(message in error for error in errors(WHOLE | changes))
    with pytest.raises(ValueError, match=r"validation error"):
        Config.model_validate({"name": "x", "work_dir": "x"} | WHOLE | changes)

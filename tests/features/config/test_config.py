"""The config as a whole: defaults, and what only its sections together, or the data's columns, can tell."""

import json
from pathlib import Path

import pytest
import yaml

from features.config import Config, ServingConfig
from features.errors import ConfigError

BASE = {
    "data": {"format": "csv", "train": "train.csv", "label": "click"},
    "features": [{"match": "I1..I3", "kind": "numeric"}, {"match": "C*"}],
    "selection": {"budget": {"features": 2}},
}
OLD_CONFIGS = Path(__file__).parent / "data" / "configs"
COLUMNS = ["click", "w", "I1", "I2", "I3", "C1", "C2"]


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
    assert config.proof.seed_count == 3
    path = write()
    path.write_text(yaml.safe_dump({field: value for field, value in BASE.items() if field != "selection"}))
    assert Config.load(path).selection.budget.all is True


def test_the_work_folder_reads_the_environment(write, monkeypatch):
    monkeypatch.setenv("WHERE", "gs://bucket")
    assert Config.load(write(work_dir="${WHERE}/work")).work_dir == "gs://bucket/work"


def test_a_work_folder_that_is_a_file_is_refused(write, tmp_path):
    (tmp_path / "taken").write_text("")
    for folder in ("taken", "taken/within/it"):
        with pytest.raises(ConfigError) as raised:
            Config.load(write(work_dir=str(tmp_path / folder)))
        assert f"work_dir: {tmp_path / 'taken'} is a file; name a folder" in str(raised.value)


def test_a_work_folder_that_no_file_system_takes_is_refused(write):
    with pytest.raises(ConfigError, match=r"work_dir: cannot be a folder here \(File name too long\); name another one"):
        Config.load(write(work_dir="x" * 300))


def test_columns_that_can_be_no_feature(write):
    data = BASE["data"] | {"weight": "w", "split": {"by": "hash", "column": "C1"}}
    config = Config.load(write(data=data, features=[{"match": "*"}]))
    assert config.reserved == {"click": "the label", "w": "the column of weights", "C1": "the split column"}
    assert [feature.name for feature in config.resolve(COLUMNS)] == ["I1", "I2", "I3", "C2"]


def test_kept_and_excluded_features_by_pattern(write):
    selection = BASE["selection"] | {"keep": ["C*"], "exclude": ["I1", "I3"]}
    config = Config.load(write(selection=selection))
    names = [feature.name for feature in config.resolve(COLUMNS)]
    assert (config.matching("keep", names), config.matching("exclude", names)) == (["C1", "C2"], ["I1", "I3"])


def test_optional_columns_by_pattern():
    assert ServingConfig(optional=["C*", "I2"]).left_out(COLUMNS) == ["I2", "C1", "C2"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": [{"match": "Z*"}]}, "features[0].match: 'Z*' matches no column"),
        ({"selection": {"budget": {"features": 1}, "keep": ["Q"]}}, "selection.keep: 'Q' is not one of the features"),
        ({"selection": {"budget": {"features": 1}, "exclude": ["w"]}}, "selection.exclude: 'w' is not one of the features"),
        ({"serving": {"optional": ["Q"]}}, "serving.optional: 'Q' is no column of the data"),
        ({"serving": {"optional": ["click"]}}, "serving.optional: 'click' is the label, which no request has; leave it out"),
        ({"selection": {"budget": {"features": 6}}}, "selection.budget.features: 6 is more than the 5 features there are"),
        ({"proof": {"points": [3, 1000]}}, "proof.points[1]: 1,000 is more than the 5 features there are"),
    ],
)
def test_what_the_columns_cannot_give_is_refused(write, changes, message):
    with pytest.raises(ConfigError) as raised:
        Config.load(write(**changes)).resolve(COLUMNS)
    assert str(raised.value).startswith(message)


def test_points_of_a_config_that_searches_nothing_are_left_alone(write):
    config = Config.load(write(selection={"budget": "all"}, proof={"points": [1000]}))
    assert len(config.resolve(COLUMNS)) == 5


@pytest.mark.parametrize("name", ["demo", "kuairand", "former_names"])
def test_configs_of_the_first_version_ask_for_what_they_asked_then(name, monkeypatch):
    """The JSON was written by that version, but for today's names of fields; former_names holds all that had another."""
    for variable in ("WINNOW_DATA", "WINNOW_DEMO"):
        monkeypatch.delenv(variable, raising=False)
    config = Config.load(OLD_CONFIGS / f"{name}.yaml")
    expected = json.loads((OLD_CONFIGS / f"{name}.json").read_text())
    assert config.model_dump(mode="json", exclude_defaults=True, exclude={"features"}) == expected["config"]
    features = config.resolve(expected["columns"])
    assert [{"name": feature.name} | feature.transform() for feature in features] == expected["features"]

"""Moving forward in time: an earlier spec's features have a head start, and the newer data decides."""

import json

import numpy as np
import pytest

from features.config import Config
from features.errors import ConfigError
from features.selection import Changes
from features.spec import FeatureSpec
from models.gate import SOFT, SequentialAttention
from models.picks import Picks
from models.schedule import Schedule
from pipeline.selection.previous_spec import Previous
from tests.conftest import SMALL_CONFIG
from tests.features.test_spec import document


def scores(logits: list[float], head_start: list[float] | None) -> list[float]:
    gate = SequentialAttention([0, 1, 2, 3])
    gate.set_mode(SOFT)
    gate.pick([3])
    gate.logits.assign([*logits, 0.0])
    start = None if head_start is None else np.array(head_start)
    return Picks(gate, Schedule((1,) * 3, 0), head_start=start)._scores()[0].tolist()


def test_head_start_is_in_standard_deviations_of_the_open_candidates():
    assert scores([1.0, 2.0, 6.0], None) == pytest.approx([1.0, 2.0, 6.0, -np.inf])
    spread = np.std([1.0, 2.0, 6.0])
    assert scores([1.0, 2.0, 6.0], [2.0, 0, 0, 5.0]) == pytest.approx([1 + 2 * spread, 2.0, 6.0, -np.inf])


def test_what_came_and_went():
    previous = Previous(FeatureSpec.model_validate(document()), 1.0)
    assert previous.head_starts([["a", "x"], ["y"], ["n"]]).tolist() == [1.0, 0.0, 1.0]
    assert previous.changes({"a": 8, "n": 4, "new": 8}, {"l": "not chosen"}) == Changes(
        spec="small",
        stayed=["a", "n"],
        added=["new"],
        removed={"l": "not chosen", "v": "not in the data", "a x i": "not in the data"},
        widths={"n": (2, 4)},
    )


def test_a_spec_of_other_features_or_another_label_is_refused(config_of):
    previous = Previous(FeatureSpec.model_validate(document()), 1.0)
    with pytest.raises(ConfigError, match="no candidate is a feature of the spec of small"):
        previous.head_starts([["x"], ["y", "z"]])
    with pytest.raises(ConfigError, match=r"a spec for the label 'click', but data\.label is 'like'"):
        Previous.of(config_of("like"))
    assert Previous.of(config_of("click")).spec.name == "small"


@pytest.fixture
def config_of(tmp_path):
    """A config of a label, with the spec for its previous one."""
    FeatureSpec.model_validate(document()).save(tmp_path / "spec.json")
    selection = {"budget": {"features": 1}, "previous": str(tmp_path / "spec.json")}
    data = {"format": "parquet", "train": "train.parquet"}
    common = {"name": "small", "work_dir": "work", "features": [{"match": "*"}], "selection": selection}
    return lambda label: Config.model_validate(common | {"data": data | {"label": label}})


@pytest.mark.slow  # three whole jobs, each from the one before
def test_features_stay_unless_the_data_speaks_against_them(small_job, winnow, tmp_path):
    config = small_job(
        selection={**SMALL_CONFIG["selection"], "keep": ["noise"]}, proof={"seed_count": 1, "bootstrap_samples": 50}
    )
    code, said = winnow("run", config)
    assert code == 0, said
    earlier = tmp_path / "earlier.json"
    FeatureSpec.load(tmp_path / "work" / "model").save(earlier)
    assert "noise" in FeatureSpec.load(earlier).names()

    small_job(proof={"seed_count": 1, "bootstrap_samples": 50})
    sets = ["--set", f"work_dir={tmp_path / 'new'}"]
    kept = {}
    for head_start in (1, 50):
        code, said = winnow("run", config, *sets, "--from", earlier, "--set", f"selection.head_start={head_start}")
        assert code == 0, said
        chosen = json.loads((tmp_path / "new" / "selection" / "selection.json").read_text())
        kept[head_start] = {entry["feature"] for entry in chosen["kept"]}
        if head_start == 1:
            assert chosen["since"]["added"] == ["fine"]
            assert chosen["since"]["removed"] == {"noise": "not chosen"}
            assert "since small fine came and noise went; 1 features stayed" in said
            points = {p["name"]: p for p in json.loads((tmp_path / "new" / "proof" / "proof.json").read_text())["points"]}
            assert set(points["previous"]["widths"]) == {"noise", "good"}
            assert points["pruned"]["auc"]["mean"] > points["previous"]["auc"]["mean"] + 0.02
    assert kept == {1: {"good", "fine"}, 50: {"good", "noise"}}


def test_a_previous_spec_that_is_not_there(small_job, winnow, tmp_path):
    assert winnow("preprocess", small_job())[0] == 0
    code, said = winnow("select", small_job(), "--from", tmp_path / "absent.json")
    assert code == 3
    assert "cannot be read as a feature spec" in said

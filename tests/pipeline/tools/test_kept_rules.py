"""Which rule each kept feature comes from, and what changes in it."""

from pathlib import Path

import pytest

from features.config import Config
from features.errors import ConfigError
from features.spec import FeatureSpec
from pipeline.tools.kept_rules import KeptRules
from tests.features.test_spec import document, feature


def rules_of(kept, rules, **changes) -> KeptRules:
    config = Config.model_validate(
        {
            "name": "c",
            "work_dir": "w",
            "data": {"format": "csv", "train": "a.csv", "label": "click"},
            "features": rules,
            "model": {"embedding_width": 8},
        }
    )
    inputs = [{"name": f["name"], "argument": f["name"], "dtype": "string", "length": None, "missing": ""} for f in kept]
    spec = document(**{"label": "click", "kept": kept, "dropped": [], "inputs": inputs} | changes)
    return KeptRules(Path("c.yaml"), config, FeatureSpec.model_validate(spec))


def test_features_with_the_same_changes_share_a_rule():
    kept = [feature("b", width=2), feature("a", width=8), feature("c", width=2)]
    rules = rules_of(kept, [{"match": "*"}])
    assert rules.rule_of == {"a": 0, "b": 0, "c": 0}
    assert rules.groups(0) == [(["b", "c"], (("width", 2),)), (["a"], ())]


def test_a_rule_that_nothing_changes_stays_and_one_of_nothing_kept_goes():
    rules = rules_of([feature("a"), feature("b")], [{"match": ["a", "b"]}, {"match": "x*"}])
    assert rules.groups(0) is None
    assert rules.groups(1) == []


def test_a_size_of_the_vocabulary_is_a_change():
    kept = [feature("a", transform={"max_size": 10})]
    assert rules_of(kept, [{"match": "a"}]).groups(0) == [(["a"], (("max_size", 10),))]


def test_a_spec_whose_columns_are_not_those_of_its_features_is_refused():
    other = [{"name": "z", "argument": "z", "dtype": "string", "length": None, "missing": ""}]
    with pytest.raises(ConfigError, match="keeps 'a', but not the column it reads"):
        rules_of([feature("a")], [{"match": "*"}], inputs=other).groups(0)

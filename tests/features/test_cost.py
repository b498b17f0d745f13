"""Costs by hand, and against the model that is really built."""

import numpy as np
import pytest

from features.codes import Categorical
from features.config.budget import Budget
from features.config.model import ModelConfig, TrainingConfig
from features.cost import byte_model, count_model, declared_model, parameter_model
from features.encoding import Encoding
from features.errors import ConfigError

A, B, FLOAT = Encoding("a", 100), Encoding("b", 10), Encoding("f", 0, 3)
WIDTHS = {"a": 4, "b": 2, "f": 3}


def test_features_and_bytes():
    assert count_model([A, B, FLOAT]).total(WIDTHS) == 3
    bytes_ = byte_model([A, B, FLOAT])
    assert bytes_.total(WIDTHS) == 4 * (100 * 4 + 10 * 2)
    assert bytes_.added({"a": 1}, {"a": 2}) == 400
    assert bytes_.by_width
    assert not count_model([A]).by_width


@pytest.mark.parametrize(("optimizer", "floats_a_row"), [("rowwise_adagrad", 4 + 1), ("adagrad", 8), ("adam", 12)])
def test_slots_of_the_optimizer_count(optimizer, floats_a_row):
    cost = byte_model([A], TrainingConfig(table_optimizer=optimizer))
    assert cost.total({"a": 4}) == 4 * 100 * floats_a_row


@pytest.mark.parametrize("interaction", ["dcn", "none"])
def test_parameters_are_those_that_a_column_more_brings(interaction):
    from models.build import example_inputs
    from models.ranking import RankingModel

    config = ModelConfig(interaction=interaction, cross_rank=4)

    def parameters(widths):
        encodings = [encoding for encoding in (A, B, FLOAT) if encoding.name in widths]
        model = RankingModel(encodings, widths, config)
        model(example_inputs(encodings))
        return model.count_params()

    cost = parameter_model([A, B, FLOAT], config)
    wide, narrow = {"a": 16, "b": 8, "f": 3}, {"a": 8, "f": 3}
    assert cost.total(wide) - cost.total(narrow) == parameters(wide) - parameters(narrow)


def test_a_source_is_paid_with_the_first_of_its_features():
    features = [
        Categorical(name="a", source="view", cost=1),
        Categorical(name="b", source="view", cost_per_column=0.5),
        Categorical(name="f", cost=2),
    ]
    cost = declared_model(features, [A, B, FLOAT], {"view": 10})
    assert cost.total({"a": 4}) == 11
    assert cost.added({"a": 4}, {"b": 2}) == 1
    assert cost.added({}, {"b": 2}) == 11
    assert cost.total(WIDTHS) == 10 + 1 + 1 + 2


def test_a_feature_without_cost_is_named():
    with pytest.raises(ConfigError, match=r"feature 'a' has no cost"):
        declared_model([Categorical(name="a")], [A], {})
    with pytest.raises(ConfigError, match=r"selection.sources: no cost for source 'view'"):
        declared_model([Categorical(name="a", source="view")], [A], {})


@pytest.mark.parametrize(
    ("budget", "unit", "limit"),
    [
        ({"features": 5}, "features", 5),
        ({"bytes": 1000}, "bytes", 1000),
        ({"bytes": "10%"}, "bytes", 20),
        ({"parameters": "50%"}, "parameters", 100),
        ({"cost": 2.5}, "cost", 2.5),
        ({"latency": "500us"}, "latency", 500),
        ({"latency": "1.5ms"}, "latency", 1500),
        ({"latency": "25%"}, "latency", 50),
    ],
)
def test_budgets(budget, unit, limit):
    asked_budget = Budget.model_validate(budget)
    assert asked_budget.unit == unit
    assert np.isclose(asked_budget.limit(200), limit)


def test_auto_budgets():
    assert Budget.model_validate("auto").unit == "bytes"
    assert Budget.model_validate({"auto": "features"}).unit == "features"
    for wrong in ({}, {"features": 1, "bytes": 2}, {"bytes": "ten"}, {"latency": "5 apples"}, {"bytes": "500us"}):
        with pytest.raises(ValueError, match=r"exactly one|neither a number"):
            Budget.model_validate(wrong)

"""The budget: one unit, numbers and shares, and fields that belong to other units."""

import pydantic
import pytest

from features.config.budget import Budget


@pytest.mark.parametrize(
    ("given", "asked", "unit", "share", "limit"),
    [
        ({"features": 15}, "features", "features", None, 15),
        ({"bytes": "10%"}, "bytes", "bytes", 0.1, 100),
        ({"bytes": 64, "optimizer_slots": True}, "bytes", "bytes", None, 64),
        ({"cost": " 2.5 % "}, "cost", "cost", 0.025, 25),
        ({"latency": "500us"}, "latency", "latency", None, 500),
        ({"latency": "1.5 ms", "latency_batch": 8}, "latency", "latency", None, 1500),
        ({"latency": "50%"}, "latency", "latency", 0.5, 500),
    ],
)
def test_limits_are_numbers_or_shares_of_all_at_full_width(given, asked, unit, share, limit):
    budget = Budget.model_validate(given)
    assert (budget.asked, budget.unit, budget.share, budget.limit(1000)) == (asked, unit, share, limit)


def test_words_stand_for_budgets():
    assert Budget.model_validate("auto") == Budget(auto="bytes")
    assert Budget.model_validate("all") == Budget(all=True)
    assert [Budget(auto="features").unit, Budget(auto="features").asked] == ["features", "auto"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "a budget names exactly one of features, bytes, parameters, cost, latency, auto, all"),
        ({"features": 2, "bytes": 9}, "a budget names exactly one of"),
        ("none", "'none' is no budget; write `auto`, `all`, or a unit with its limit, such as `{features: 15}`"),
        ({"features": 0}, "greater than 0"),
        ({"bytes": "ten"}, "'ten' is neither a number nor a share such as `10%`"),
        ({"bytes": "0%"}, "'0%' is neither"),
        ({"parameters": "101%"}, "'101%' is neither"),
        ({"bytes": "500us"}, "'500us' is neither"),
        ({"cost": float("inf")}, "finite number"),
        ({"features": 2, "tolerance": 0.1}, "`tolerance` does nothing in a budget of features; it belongs to `auto`"),
        (
            {"features": 2, "optimizer_slots": True},
            "`optimizer_slots` does nothing in a budget of features; it belongs to `bytes`",
        ),
        ({"bytes": 2, "latency_batch": 8}, "`latency_batch` does nothing in a budget of bytes; it belongs to `latency`"),
        ({"auto": "features", "optimizer_slots": True}, "`optimizer_slots` does nothing in a budget of features"),
    ],
)
def test_budgets_that_cannot_be_are_refused(given, message):
    with pytest.raises(pydantic.ValidationError) as raised:
        Budget.model_validate(given)
    assert message in str(raised.value)


def test_auto_may_count_the_optimizers_slots():
    assert Budget.model_validate({"auto": "bytes", "optimizer_slots": True, "tolerance": 0.01}).tolerance == 0.01

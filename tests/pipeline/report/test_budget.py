"""The budget in words, and what changed from an earlier spec."""

import pytest

from features.proof import Proof
from features.selection import Selection
from pipeline.report.budget import budget_figures, changes_since
from tests.pipeline.report.small_run import ODD, documents, proved, selection

TABLES = "bytes of embedding tables"


@pytest.mark.parametrize(
    ("budget", "words", "unit", "limit"),
    [
        ({"features": 2}, "2 features", "features", 1280),
        ({"bytes": 1500}, f"1,500 {TABLES}", "bytes", 1280),
        ({"bytes": "50%"}, f"50% of the {TABLES}", "bytes", 1280),
        ({"bytes": "50%", "optimizer_slots": True}, f"50% of the {TABLES} with their optimizer's slots", "bytes", None),
        ({"parameters": "5%"}, "5% of the parameters of the tables and of the weights on their columns", "parameters", None),
        ({"cost": 2.5}, "a declared cost of 2.5", "cost", None),
        ({"latency": "2ms"}, "2ms for a request of 32 rows", "latency", None),
        ({"latency": "40%", "latency_batch": 8}, "40% of the latency of a request of 8 rows", "latency", None),
        (
            {"auto": "bytes", "tolerance": 0.002},
            f"the fewest {TABLES} at which the validation log loss is within 0.002 of the full model's",
            "bytes",
            1280,
        ),
        ({"all": True}, "none, everything is kept", "all", None),
    ],
)
def test_budgets_of_every_unit(budget, words, unit, limit):
    asked = budget_figures(Selection.model_validate(selection() | {"budget": budget}))
    assert (asked.budget, asked.unit, asked.limit) == (words, unit, limit)
    assert asked.cost.spent == 1200.0


def test_changes_are_worth_what_the_earlier_choice_proves():
    since = {"spec": "may", "stayed": [ODD], "added": ["user"], "removed": {"hour": "not chosen"}, "widths": {ODD: [4, 2]}}
    chosen = Selection.model_validate(selection() | {"since": since})
    proof = documents()["proof/proof.json"]
    assert changes_since(chosen, None).worth is None
    assert changes_since(chosen, Proof.model_validate(proof)).worth is None
    proof["points"].append(proved("previous", 2, 1500, 0.7131))
    worth = changes_since(chosen, Proof.model_validate(proof)).worth
    assert (worth.auc, worth.bytes) == ((0.7131, 0.7164), (1500, 1200))
    assert worth.intervals[0] == pytest.approx((0.7101, 0.7161))
    proof["points"].append(proved("dense pruned", 2, 1200, 0.7171))  # the earlier one has a dense tower too
    assert changes_since(chosen, Proof.model_validate(proof)).worth.auc == (0.7131, 0.7171)


def test_without_an_earlier_spec_there_are_no_changes():
    assert changes_since(None, None) is None
    assert changes_since(Selection.model_validate(selection()), None) is None

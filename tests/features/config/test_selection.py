"""The selection and proof sections: bounds, and gates that share a batch equally."""

import pydantic
import pytest

from features.config.selection import FrontierConfig, ProofConfig, SelectionConfig

BUDGET = {"budget": {"features": 2}}


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (SelectionConfig, {}, "budget\n  Field required"),
        (SelectionConfig, BUDGET | {"seed": -1}, "greater than or equal to 0"),
        (SelectionConfig, BUDGET | {"gate_learning_rate": 1e300}, "less than or equal to 100"),
        (SelectionConfig, BUDGET | {"widths": []}, "at least 1 item"),
        (SelectionConfig, BUDGET | {"sources": {"view": -1}}, "greater than or equal to 0"),
        (SelectionConfig, BUDGET | {"gate_count": 300}, "`batch_size` (256) cannot be divided equally among 300 gates"),
        (SelectionConfig, BUDGET | {"gate_count": 3}, "`batch_size` (256) cannot be divided equally among 3 gates"),
        (SelectionConfig, BUDGET | {"gate_count": 2, "method": "omp"}, "`gate_count` does nothing with method omp"),
        (FrontierConfig, {"cost_weight": float("inf")}, "finite number"),
        (ProofConfig, {"seed_count": 0}, "greater than 0"),
        (ProofConfig, {"bootstrap_samples": 1}, "greater than or equal to 10"),
        (ProofConfig, {"confidence": 1}, "less than 1"),
        (ProofConfig, {"points": [0]}, "greater than 0"),
    ],
)
def test_values_out_of_bounds_are_refused(model, fields, message):
    with pytest.raises(pydantic.ValidationError) as raised:
        model.model_validate(fields)
    assert message in str(raised.value)


def test_points_are_counts_or_budgets():
    points = ProofConfig.model_validate({"points": [5, {"bytes": "5%"}]}).points
    assert (points[0], points[1].share) == (5, 0.05)


def test_a_single_name_may_stand_for_a_list():
    assert SelectionConfig.model_validate(BUDGET | {"keep": "user_id"}).keep == ["user_id"]

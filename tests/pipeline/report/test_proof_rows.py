"""The proved points as rows."""

import pytest

from features.proof import ProofPoint
from pipeline.report.proof_rows import ProofRow, proof_row
from tests.pipeline.report.small_run import proved


def test_figures_become_columns():
    row = proof_row(ProofPoint.model_validate(proved("pruned", 2, 1200, 0.7164)))
    assert (row.name, row.features, row.bytes, row.block, row.sparsity) == ("pruned", 2, 1200, None, None)
    assert (row.auc_low, row.auc, row.auc_high) == pytest.approx((0.7134, 0.7164, 0.7194))
    assert (row.auc_difference_low, row.auc_difference_high) == pytest.approx((-0.004, -0.0032))
    assert row.calibration == row.normalised_entropy == row.log_loss == 0.6
    assert len(ProofRow.model_fields) == 5 + 4 * 6


def test_a_thinned_tower_is_told():
    point = proved("pruned", 2, 1200, 0.7164) | {"block_sparsity": {"block": 16, "sparsity": 0.9}}
    row = proof_row(ProofPoint.model_validate(point))
    assert (row.block, row.sparsity) == (16, 0.9)

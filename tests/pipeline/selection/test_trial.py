"""An allocation while it is tried, and the document it ends as."""

import pytest

from features.allocation import Allocation
from models.metrics import Quality
from pipeline.selection.trial import TriedAllocation


def test_figures_are_means_over_the_trainings():
    tried = TriedAllocation("common width 4", Allocation({"a": 4, "b": 4}), 1234567.8)
    assert tried.trial.model_dump() == {"allocator": "common width 4", "features": 2, "cost": 1234570.0}
    tried.qualities += [Quality(0.70, 0.60, 1.0, 1.0), Quality(0.72, 0.58, 1.0, 1.0)]
    assert tried.log_loss == pytest.approx(0.59)
    figures = {"validation_auc": 0.71, "validation_log_loss": 0.59, "trials": 2}
    assert tried.trial.model_dump() == {"allocator": "common width 4", "features": 2, "cost": 1234570.0, **figures}

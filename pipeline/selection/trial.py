"""Trials: allocations of a budget, each trained a few times on the train rows and scored on the validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from features.allocation import Allocation
from features.config import Config
from features.cost import parameter_model
from features.document import rounded
from features.selection import Trial
from models.metrics import Quality
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.console import say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.estimator import EVALUATION_BATCH
from pipeline.selection.warnings import warn_of_quality
from pipeline.training.fit import fit

# Optimizer steps of a trial. The beginning of a long training tells which of several allocations is best.
TRIAL_STEPS = 4096


@dataclass
class TriedAllocation:
    """An allocation while it is tried.

    Attributes:
      allocator: its name.
      allocation: what it gives.
      cost: in the budget's unit.
      qualities: on validation, of each training so far.
    """

    allocator: str
    allocation: Allocation
    cost: float
    qualities: list[Quality] = field(default_factory=list)

    @property
    def log_loss(self) -> float:
        """Mean over the trainings."""
        return _mean([quality.log_loss for quality in self.qualities])

    @property
    def trial(self) -> Trial:
        """The document; it has no figures where nothing was trained."""
        trial = Trial(allocator=self.allocator, features=len(self.allocation.widths), cost=rounded(self.cost))
        # A single allocation is kept without being trained.
        if not self.qualities:
            return trial
        figures = {
            "validation_auc": rounded(_mean([quality.auc for quality in self.qualities])),
            "validation_log_loss": rounded(self.log_loss),
            "trials": len(self.qualities),
        }
        return trial.model_copy(update=figures)


class Judge(Protocol):
    """Tells which of two allocations is better."""

    def quality(self, allocation: Allocation, name: str, turn: int) -> Quality | None:
        """Quality on validation of one training, with a seed for each turn; None without validation rows."""

    def parameters(self, allocation: Allocation) -> float:
        """Weights of the model, which a budget of bytes or features does not count."""


@dataclass(frozen=True)
class TrainingJudge:
    """Trains each allocation on the train rows and scores it on the validation rows.

    Attributes:
      config: of the run.
      workspace: the work folder, for checkpoints and curves.
      transformed: the transformed folder.
    """

    config: Config
    workspace: Workspace
    transformed: Transformed

    def quality(self, allocation: Allocation, name: str, turn: int) -> Quality | None:
        """See `Judge`."""
        if not self.transformed.rows("validation"):
            return None
        # The train rows alone: the validation rows judge, and the test rows are for the proof.
        cut = self.transformed.cut(allocation.rows)
        # The same seeds for all allocations, so that none of them wins by a lucky start.
        seed = self.config.training.seed + turn
        model, encodings, _ = fit(self.config, self.workspace, cut, allocation.widths, seed, most=TRIAL_STEPS)
        quality = evaluate(model, Reader(cut, "validation", encodings).ordered(EVALUATION_BATCH)).quality()
        say(f"select: {name}, {len(allocation.widths)} features: validation AUC {quality.auc:.4f}")
        warn_of_quality(quality.auc, f"{name}: validation")
        return quality

    def parameters(self, allocation: Allocation) -> float:
        """See `Judge`."""
        encodings = self.transformed.cut(allocation.rows).encodings
        return parameter_model(encodings, self.config.model).total(allocation.widths)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))

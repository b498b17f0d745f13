"""Estimates the quality of what is picked so far on validation rows, while the search goes on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.document import rounded
from features.path import Estimate
from models.gate import HARD, SOFT, SequentialAttention
from models.metrics import exact_quality
from models.ranking import RankingModel
from pipeline.dataset.reader import Reader

EVALUATION_BATCH = 8192  # rows of a forward pass: larger ones are no faster on CPUs
# Rows that are estimated on: an AUC of .75 has a standard error of .002 on so many, and a search estimates once a round.
ESTIMATION_ROWS = 65_536


@dataclass
class Estimator:
    """Quality on validation with only what is picked, all else gated to 0; of up to 65,536 rows, held as tensors.

    Attributes:
      model: that is searched with.
      gate: of the model.
      reader: of the validation rows.
    """

    model: RankingModel
    gate: SequentialAttention
    reader: Reader

    @cached_property
    def batches(self) -> list[tuple[dict[str, tf.Tensor], npt.NDArray[np.floating]]]:
        """Inputs, and labels [rows]."""
        held, rows = [], 0
        for inputs, label, *_ in self.reader.ordered(EVALUATION_BATCH) if self.reader.rows else ():
            held.append(({name: tf.constant(array) for name, array in inputs.items()}, label[:, 0]))
            rows += len(label)
            if rows >= ESTIMATION_ROWS:
                break
        return held

    def __call__(self) -> Estimate | None:
        """AUC and log loss; None without validation rows."""
        if not self.batches:
            return None
        # What is not picked yet must not help; afterwards the search goes on as it was.
        self.gate.set_mode(HARD)
        logits = [self.model.compiled_call(inputs).numpy()[:, 0] for inputs, _ in self.batches]
        self.gate.set_mode(SOFT)
        labels = [label for _, label in self.batches]
        quality = exact_quality(np.concatenate(logits), np.concatenate(labels))
        return Estimate(auc=rounded(quality.auc), log_loss=rounded(quality.log_loss))

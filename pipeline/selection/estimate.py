"""The quality of what is picked so far, estimated on validation rows while the search goes on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from models.gate import HARD, SOFT, SequentialAttention
from models.metrics import Quality, exact_quality
from pipeline.dataset.reader import Reader

EVALUATION_BATCH, ESTIMATION_ROWS = 8192, 65_536


@dataclass
class Estimate:
    """Quality on validation with only what is picked, all else gated to 0; of up to 65,536 rows, held as tensors."""

    model: Any
    gate: SequentialAttention
    reader: Reader

    @cached_property
    def batches(self) -> list[tuple[dict[str, tf.Tensor], Any]]:
        """Inputs and labels."""
        held, rows = [], 0
        for inputs, label, *_ in self.reader.ordered(EVALUATION_BATCH) if self.reader.rows else ():
            held.append(({name: tf.constant(array) for name, array in inputs.items()}, label[:, 0]))
            rows += len(label)
            if rows >= ESTIMATION_ROWS:
                break
        return held

    def __call__(self) -> dict[str, float] | None:
        """AUC and log loss; None without validation rows."""
        if not self.batches:
            return None
        self.gate.set_mode(HARD)
        logits = [self.model.compiled_call(inputs).numpy()[:, 0] for inputs, _ in self.batches]
        self.gate.set_mode(SOFT)
        found: Quality = exact_quality(np.concatenate(logits), np.concatenate([label for _, label in self.batches]))
        return {"auc": rounded(found.auc), "log_loss": rounded(found.log_loss)}


def rounded(value: float) -> float:
    """Six significant digits."""
    return float(f"{value:.6g}")

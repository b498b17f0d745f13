"""Quality of scores in constant memory: AUC, log loss, normalised entropy, calibration, with bootstrap intervals.

Scores are counted in 65,536 bins of the logit per label and block of rows. A bin is 5e-4 wide, so that AUC errs by less than
1e-6; log loss and means are summed exactly. Intervals resample whole blocks, the same ones for every model compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import DataError

BLOCKS, BINS, LIMIT = 64, 1 << 16, 16.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """Figures of one model on one split.

    Attributes:
      auc: area under the ROC curve.
      log_loss: mean cross entropy, nats.
      normalised_entropy: log loss over that of always predicting the mean label (He et al., ADKDD 2014).
      calibration: mean prediction over mean label.
    """

    auc: float
    log_loss: float
    normalised_entropy: float
    calibration: float


class Scores:
    """Accumulates logits and labels of one model, in the order of the rows."""

    def __init__(self) -> None:
        self.counts = np.zeros((BLOCKS, 2, BINS), np.int32)
        self.losses = np.zeros(BLOCKS)
        self.predicted = np.zeros(BLOCKS)
        self.rows = 0

    def add(self, logits: npt.NDArray[np.floating], labels: npt.NDArray[np.floating]) -> None:
        """Adds a batch: float [rows] logits and 0/1 labels. A row's block is its number modulo 64.

        Raises:
          DataError: a logit is not a number.
        """
        x = np.asarray(logits, np.float64).ravel()
        y = np.asarray(labels).ravel().astype(np.int64)
        if not np.isfinite(x).all():
            raise DataError(f"the model scores row {self.rows + int(np.argmin(np.isfinite(x)))} as not a number")
        block = (self.rows + np.arange(len(x))) % BLOCKS
        place = np.clip(((x + LIMIT) * (BINS / (2 * LIMIT))).astype(np.int64), 0, BINS - 1)
        np.add.at(self.counts, (block, y, place), 1)
        self.losses += np.bincount(block, np.logaddexp(0, x) - x * y, BLOCKS)
        self.predicted += np.bincount(block, 1 / (1 + np.exp(-x)), BLOCKS)
        self.rows += len(x)

    def quality(self, weights: Floats | None = None) -> Quality:
        """Figures over all rows, or with the blocks weighted.

        Raises:
          DataError: only one label occurs.
        """
        w = np.ones(BLOCKS) if weights is None else weights
        negative, positive = np.tensordot(w, self.counts, 1)
        n, p = negative.sum(), positive.sum()
        if not n or not p:
            raise DataError("AUC needs both labels; this split has only one")
        below = np.cumsum(negative) - negative / 2
        rate = p / (n + p)
        loss = float(w @ self.losses / (n + p))
        entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        return Quality(float(positive @ below / (n * p)), loss, loss / float(entropy), float(w @ self.predicted / p))


def bootstrap(models: list[Scores], figure: str, samples: int, confidence: float, seed: int = 0) -> dict[str, object]:
    """Percentile intervals of a figure for each model, and of each one's difference to the first.

    Args:
      models: scored on the same rows in the same order.
      figure: field of `Quality`.
      samples: resamplings of the blocks.
      confidence: of the intervals.
      seed: of the resampling.

    Returns:
      `intervals` and `differences`: a (low, high) pair per model.
    """
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), samples).astype(np.float64)
    values = np.array([[getattr(model.quality(draw), figure) for draw in draws] for model in models])
    edges = [(1 - confidence) / 2, (1 + confidence) / 2]
    pairs = np.quantile(values, edges, axis=1).T
    gaps = np.quantile(values - values[0], edges, axis=1).T
    return {"intervals": [tuple(pair) for pair in pairs.tolist()], "differences": [tuple(g) for g in gaps.tolist()]}

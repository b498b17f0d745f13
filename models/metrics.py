"""Quality of scores in constant memory: AUC, log loss, normalised entropy, calibration, with bootstrap intervals.

Scores are counted in 65,536 bins of the logit per label and block of rows. A bin is 5e-4 wide, so that AUC errs by less than
1e-6; log loss and means are summed exactly. Intervals resample whole blocks, the same ones for every model compared.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import DataError

# Blocks of rows that a bootstrap draws: as many as give steady intervals, few enough to keep the counts of each.
BLOCKS = 64
# Bins of the logit between -LIMIT and LIMIT; beyond, a probability differs from 0 or 1 by less than 2e-7.
BINS, LIMIT = 1 << 16, 16.0
# Bins that are counted as one in a bootstrap: its spread is far above what that costs in exactness, and it takes less memory.
_COARSER = 16
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
        # By the row's number and not by chance, so that all models' blocks hold the same rows.
        block = (self.rows + np.arange(len(x))) % BLOCKS
        bins = np.clip(((x + LIMIT) * (BINS / (2 * LIMIT))).astype(np.int64), 0, BINS - 1)
        # Not `+=`, which would count rows of one block, label and bin but once.
        np.add.at(self.counts, (block, y, bins), 1)
        # Cross entropy of the logit itself: the logarithm of a probability next to 0 would lose all digits.
        self.losses += np.bincount(block, np.logaddexp(0, x) - x * y, BLOCKS)
        self.predicted += np.bincount(block, 1 / (1 + np.exp(-x)), BLOCKS)
        self.rows += len(x)

    def to_bytes(self) -> bytes:
        """The content of a NumPy `.npz` file from which `from_bytes` makes the same scores again; non-empty bins only."""
        bins = np.flatnonzero(self.counts)
        content = io.BytesIO()
        np.savez_compressed(
            content,
            allow_pickle=False,
            losses=self.losses,
            predicted=self.predicted,
            rows=np.array(self.rows),
            # Under the names of earlier versions, whose files `winnow compare` goes on using.
            place=bins,
            count=self.counts.ravel()[bins],
        )
        return content.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, source: str = "scores") -> Scores:
        """Inverse of `to_bytes`.

        Raises:
          DataError: the content is damaged; names its source.
        """
        scores = cls()
        try:
            with np.load(io.BytesIO(content)) as arrays:
                scores.counts.ravel()[arrays["place"]] = arrays["count"]
                scores.losses, scores.predicted, scores.rows = arrays["losses"], arrays["predicted"], int(arrays["rows"])
        except (ValueError, KeyError, IndexError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{source}: is damaged ({error}); delete it and run the command again") from None
        return scores

    def merge(self, other: Scores) -> None:
        """Adds the scores of other rows."""
        self.counts += other.counts
        self.losses += other.losses
        self.predicted += other.predicted
        self.rows += other.rows

    def quality(self) -> Quality:
        """Figures over all rows.

        Raises:
          DataError: only one label occurs.
        """
        if not self.counts.sum((0, 2)).all():
            raise DataError("AUC needs both labels; this split has only one")
        return Quality(**{name: float(value[0]) for name, value in self._figures(np.ones((1, BLOCKS)), BINS).items()})

    def resampled(self, draws: Floats) -> dict[str, Floats]:
        """Each figure [samples] with the blocks weighted by each row of `draws`, float64 [samples, 64]."""
        return self._figures(draws, BINS // _COARSER)

    def _figures(self, draws: Floats, bins: int) -> dict[str, Floats]:
        counts = self.counts.reshape(BLOCKS, 2 * bins, -1).sum(2, dtype=np.float64)
        negative, positive = np.moveaxis((draws @ counts).reshape(-1, 2, bins), 1, 0)
        n, p = negative.sum(1), positive.sum(1)
        # Negatives with a smaller score than a positive's; those in the same bin count half.
        below = np.cumsum(negative, 1) - negative / 2
        rate = p / (n + p)
        loss = draws @ self.losses / (n + p)
        entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        return {
            "auc": (positive * below).sum(1) / (n * p),
            "log_loss": loss,
            "normalised_entropy": loss / entropy,
            "calibration": draws @ self.predicted / p,
        }


def exact_auc(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.floating | np.bool_]) -> float:
    """Area under the ROC curve of [rows] scores and 0/1 labels, by ranks: exact, equal scores count half.

    Raises:
      DataError: only one label occurs.
    """
    _, rank_of_row, count = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2  # the mean rank, from 1, of each distinct score
    positive = np.asarray(labels) > 0
    p, n = int(positive.sum()), int((~positive).sum())
    if not p or not n:
        raise DataError("AUC needs both labels; these rows have only one")
    return float((middle[rank_of_row][positive].sum() - p * (p + 1) / 2) / (p * n))


def exact_quality(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.floating]) -> Quality:
    """Figures of a few rows, held in memory: float [rows] logits and 0/1 labels; for many, see `Scores`."""
    x, y = np.asarray(logits, np.float64), np.asarray(labels, np.float64)
    loss, rate = float(np.mean(np.logaddexp(0, x) - x * y)), float(y.mean())
    auc = exact_auc(x, y)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    return Quality(auc, loss, loss / entropy, float(np.mean(1 / (1 + np.exp(-x)))) / rate)


def interval(values: Floats, confidence: float) -> tuple[float, float]:
    """The percentile interval of resampled values."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def block_draws(samples: int, seed: int = 0) -> Floats:
    """How often each block is drawn in each bootstrap sample, float64 [samples, 64]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), samples).astype(np.float64)

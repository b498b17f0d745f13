"""Which blocks of a weight matrix stay: pure functions of their scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.pick_rules import Floats, top


def strongest(scores: Floats, sparsity: float, balanced: bool = False, shared: bool = False) -> npt.NDArray[np.bool_]:
    """The blocks that stay: those of the largest scores, ties broken by the smaller index.

    Args:
      scores: [rows, columns] of the blocks of a matrix; those of minus infinity never stay.
      sparsity: share that goes.
      balanced: whether each column of blocks keeps the same number, and each row, as far as that goes, as many as another.
      shared: whether rows and columns share the places by their scores, which have to be positive; see `_shared`.

    Returns:
      [rows, columns], true for those that stay.
    """
    if balanced:
        return _balanced(scores, sparsity)
    if shared:
        return _shared(scores, scores.size - round(sparsity * scores.size))
    mask = np.zeros(scores.size, bool)
    mask[top(scores.ravel(), scores.size - round(sparsity * scores.size))] = True
    return mask.reshape(scores.shape)


def _balanced(scores: Floats, sparsity: float) -> npt.NDArray[np.bool_]:
    """Takes the best first. Without a bound on rows, all columns keep the blocks of the one or two strongest inputs."""
    rows, columns = scores.shape
    count = rows - int(sparsity * rows + 1e-6)  # rounded up: of few rows, half a block less would be much
    # Blocks a row may keep, rounded up so that the columns can fill.
    bound = -(-count * columns // rows)
    mask = np.zeros(scores.shape, bool)
    for block in top(scores.ravel(), scores.size):
        row, column = divmod(block, columns)
        mask[row, column] = mask[:, column].sum() < count and mask[row].sum() < bound
    for column in np.flatnonzero(mask.sum(0) < count):  # what is left for it lies in full rows
        left = np.where(mask[:, column], -np.inf, scores[:, column])
        mask[top(left, count - int(mask[:, column].sum())), column] = True
    return mask


def _shared(scores: Floats, count: int) -> npt.NDArray[np.bool_]:
    """Takes one block after the other, each by its score over one more than its row holds and over one more than its column.

    What an input has to tell, one block mostly tells as well as twenty do, and all of them score alike: without the
    quotients, which are those of d'Hondt's rule for seats, the blocks of the one or two strongest inputs take all places.
    """
    # Scores of the blocks not taken yet, minus infinity for those taken; and over what their rows and columns hold.
    left, quotients = scores.copy(), scores.copy()
    rows, columns = np.ones(len(left)), np.ones(left.shape[1])
    for _ in range(min(count, int(np.isfinite(scores).sum()))):
        row, column = divmod(int(quotients.argmax()), len(columns))
        left[row, column] = -np.inf
        rows[row] += 1
        columns[column] += 1
        quotients[row] = left[row] / (rows[row] * columns)
        quotients[:, column] = left[:, column] / (rows * columns[column])
    # Taken now, and not gone from the start.
    return np.isfinite(scores) & ~np.isfinite(left)

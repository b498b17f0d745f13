"""How far several rankings of the same candidates agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Consensus:
    """One ranking out of several.

    Attributes:
      order: candidates by falling agreement: by mean rank, ties broken by the smaller index.
      mean_rank: of each candidate, from 0; of those that no ranking holds, the number that rankings hold.
      frequency: [candidates, k] share of the rankings in which the candidate is among the first k + 1.
      spearman: mean rank correlation of all pairs of rankings.
    """

    order: list[int]
    mean_rank: npt.NDArray[np.float64]
    frequency: npt.NDArray[np.float64]
    spearman: float

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """JSON values, by the candidates' names, of those that a ranking holds."""
        ranked = {names[pick]: pick for pick in self.order}
        return {
            "members_spearman": round(self.spearman, 4),
            "mean_rank": {name: round(float(self.mean_rank[pick]), 2) for name, pick in ranked.items()},
            "frequency": {name: self.frequency[pick].round(3).tolist() for name, pick in ranked.items()},
        }


def consensus(orders: Sequence[Sequence[int]]) -> Consensus:
    """Agrees rankings of equal length.

    Source: selection frequencies as in Meinshausen, Buehlmann, "Stability selection", JRSS B 2010.
    """
    count, size = len(orders[0]), max(map(max, orders)) + 1
    # What a ranking does not hold stands behind all that it holds.
    ranks = np.full((len(orders), size), count, np.float64)
    for rank, order in zip(ranks, orders, strict=True):
        rank[list(order)] = np.arange(count)
    ranked = np.flatnonzero((ranks < count).any(0))  # candidates picked from the start are in no ranking
    mean = ranks.mean(0)
    order = [int(ranked[index]) for index in np.argsort(mean[ranked], kind="stable")]
    # [rankings, candidates, k]: whether the candidate is among the first k + 1.
    frequency = (ranks[:, :, None] <= np.arange(count)).mean(0)
    return Consensus(order, mean, frequency, spearman(ranks[:, ranked]))


def spearman(ranks: npt.NDArray[np.floating]) -> float:
    """Mean Pearson correlation of all pairs of rows of ranks, float [rankings, candidates]; 1 for a single ranking."""
    if len(ranks) < 2 or ranks.shape[1] < 2:
        return 1.0
    # Spearman's correlation is Pearson's of the ranks; above the diagonal each pair stands once.
    return float(np.corrcoef(ranks)[np.triu_indices(len(ranks), 1)].mean())

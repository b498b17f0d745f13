"""The figures of a proof: means over the seeds, with intervals by resampling rows, and differences from the full model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.proof import FIGURES, Figure
from models.metrics import Scores, block_draws, interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ProofFigures:
    """Figures of each point, beside those of the point `full`.

    Attributes:
      scores: of each point, by seed; all of the same rows.
      samples: bootstrap samples behind the intervals.
      confidence: of the intervals.
    """

    scores: Mapping[str, Sequence[Scores]]
    samples: int
    confidence: float

    def of(self, point: str) -> dict[str, Figure]:
        """Each of `FIGURES` of a point, by name."""
        return {name: self._figure(point, name) for name in FIGURES}

    def _figure(self, point: str, name: str) -> Figure:
        by_seed, full = self._by_seed[point][name], self._by_seed["full"][name]
        resampled, resampled_full = self._resampled[point][name], self._resampled["full"][name]
        return Figure(
            mean=float(np.mean(by_seed)),
            by_seed=by_seed,
            interval=interval(resampled, self.confidence),
            difference=float(np.mean(by_seed) - np.mean(full)),
            # The same rows are drawn for both models, so that rows which are hard for both do not widen the interval.
            difference_interval=interval(resampled - resampled_full, self.confidence),
        )

    @cached_property
    def _by_seed(self) -> dict[str, dict[str, list[float]]]:
        """Figures of each point over all rows, by name."""
        qualities = {point: [vars(scores.quality()) for scores in runs] for point, runs in self.scores.items()}
        return {point: {name: [values[name] for values in runs] for name in FIGURES} for point, runs in qualities.items()}

    @cached_property
    def _resampled(self) -> dict[str, dict[str, Floats]]:
        """Figures of each point over resampled rows, the mean over the seeds, by name: float64 [samples]."""
        # One set of draws for all points: only so can differences be taken sample by sample.
        draws = block_draws(self.samples)
        resampled = {point: [scores.resampled(draws) for scores in runs] for point, runs in self.scores.items()}
        return {
            point: {name: np.mean([figures[name] for figures in runs], axis=0) for name in FIGURES}
            for point, runs in resampled.items()
        }

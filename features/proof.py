"""The proof: chosen and full model retrained from scratch, and what serving them costs."""

from __future__ import annotations

from typing import Any, ClassVar

from features.document import Document
from features.errors import DataError

# Fields of a `ProofPoint` that hold a `Figure`; see `models.metrics.Quality`.
FIGURES = ("auc", "log_loss", "normalised_entropy", "calibration")


class Figure(Document):
    """One figure of a set of features over the seeds, and its difference from the full model's.

    Attributes:
      mean, by_seed: over all rows of the split.
      interval: of the mean, by resampling rows, at the proof's confidence.
      difference, difference_interval: against the full model.
    """

    mean: float
    by_seed: list[float]
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]


class ProofPoint(Document):
    """A set of features retrained from scratch.

    Attributes:
      name: `full`, `pruned`, or the name of a further point of the config.
      features: number of features.
      bytes: bytes of their embedding tables.
      widths: columns of each feature's embedding, by name.
      auc, log_loss, normalised_entropy, calibration: see `models.metrics.Quality`.
      rows: rows of the tables that are cut, by feature.
      without: of the full model, the features of the data that it does without, each with a reason, where there are any.
      block_sparsity: the config's, where the tower is thinned.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset(
        {"rows", "without", "block_sparsity", "normalised_entropy", "calibration"}
    )

    name: str
    features: int
    bytes: int
    widths: dict[str, int]
    auc: Figure
    log_loss: Figure
    rows: dict[str, int] | None = None
    without: dict[str, str] | None = None
    normalised_entropy: Figure | None = None
    calibration: Figure | None = None
    block_sparsity: dict[str, Any] | None = None

    def figure(self, name: str) -> Figure:
        """One of `FIGURES`, by name."""
        figure: Figure = getattr(self, name)
        return figure


class Proof(Document):
    """`proof/proof.json`: retrainings of the full and the pruned model on the same data and seeds.

    Attributes:
      split: that was scored.
      rows: of it.
      seeds: that each point was trained with.
      confidence: of the intervals.
      points: what was trained.
      trained_on: the rows that models saw; None in specs of earlier versions.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"trained_on"})

    split: str
    rows: int
    seeds: list[int]
    confidence: float
    points: list[ProofPoint]
    trained_on: str | None = None

    def point(self, name: str) -> ProofPoint:
        """The point of that name, such as `full` or `pruned`.

        Raises:
          DataError: there is none.
        """
        for point in self.points:
            if point.name == name:
                return point
        raise DataError(f"the proof has no point {name!r}, only {', '.join(point.name for point in self.points) or 'none'}")

    def has(self, *names: str) -> bool:
        """Whether there are points of all these names."""
        return set(names) <= {point.name for point in self.points}


class Timing(Document):
    """`proof/timing.json`: median training speed of each point, and the seconds of the whole proof."""

    training_examples_per_second: dict[str, float]
    seconds: float


class Measured(Document):
    """`model/measured.json`: what serving costs.

    Attributes:
      latency_us: median microseconds a request, by model (`full`, `pruned`) and by rows a request.
      bytes_on_disk: of the SavedModel, by model.
    """

    latency_us: dict[str, dict[str, float]]
    bytes_on_disk: dict[str, int]

"""The documents of a search: the order in which it picked features, and widths of features."""

from __future__ import annotations

from typing import ClassVar

from features.document import Document

# AUC of a model without features, which scores all rows alike: the gain of the first pick is counted from it.
CHANCE_AUC = 0.5


class Estimate(Document):
    """Quality on validation rows of what is picked so far, while the search goes on."""

    auc: float
    log_loss: float


class Pick(Document):
    """A feature that a search has picked.

    Attributes:
      round: in which it was picked, from 1; 0 is a must-keep feature.
      feature: its name.
      width: columns of its embedding at full width.
      attention: of its candidate at the end of the round; of a method that only ranks, its share of all scores.
      bytes: of its embedding table.
      cumulative_bytes: of its table and those of all earlier picks.
      estimate: of the quality with this and all earlier picks; of the last pick of a round only.
      score: by which it was picked; None for must-keep features.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"score"})

    round: int
    feature: str
    width: int
    attention: float
    bytes: int
    cumulative_bytes: int
    estimate: Estimate | None = None
    score: float | None = None


class Round(Document):
    """The end of one round: its mean training loss, and the attention of each of `SearchPath.candidates`."""

    round: int
    loss: float
    attention: list[float]


class SearchSchedule(Document):
    """How the steps of a search were cut into rounds; see `models.schedule.Schedule`.

    Attributes:
      round_steps: optimizer steps of each round, the warm-up rounds first.
      warmup_rounds: rounds at the start with all gates open.
      picks_per_round: picks at the end of each later round.
      steps: of all rounds.
      batch_size: examples a step.
    """

    round_steps: list[int]
    warmup_rounds: int
    picks_per_round: int
    steps: int
    batch_size: int

    @property
    def picking_rounds(self) -> int:
        """Rounds that ended with picks."""
        return len(self.round_steps) - self.warmup_rounds

    @property
    def picking_lengths(self) -> str:
        """Steps of the picking rounds in words, such as `25` or `75 to 11`."""
        first, last = self.round_steps[self.warmup_rounds], self.round_steps[-1]
        return str(first) if first == last else f"{first} to {last}"


class Stability(Document):
    """How far gates that were trained side by side agree; see `models.consensus`.

    Attributes:
      members_spearman: mean rank correlation of the rankings of two gates.
      mean_rank: of each candidate, over the gates.
      frequency: of each candidate, the share of the gates that have it among their first 1, 2, ... picks.
    """

    members_spearman: float
    mean_rank: dict[str, float]
    frequency: dict[str, list[float]]


class SearchPath(Document):
    """`search/path.json`: every pick of a search, in order.

    Attributes:
      method: as in `selection.method`; `none` where nothing was searched.
      seed: of the search.
      schedule: None for a method that only ranks.
      candidates: names of the features that took part.
      units: candidates that are picked together.
      widths: full width of each candidate.
      not_candidates: the other features, each with a reason.
      picks: in order.
      rounds: what each round ended with; empty for a method that only ranks.
      seconds: that the search took.
      stability: where several gates were trained.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"stability"})

    method: str
    seed: int
    schedule: SearchSchedule | None
    candidates: list[str]
    units: list[list[str]]
    widths: dict[str, int]
    not_candidates: dict[str, str]
    picks: list[Pick]
    rounds: list[Round]
    seconds: float
    stability: Stability | None = None


class WidthPick(Document):
    """A step of the search over widths: the features of a unit get a width."""

    optional_fields: ClassVar[frozenset[str]] = frozenset({"score"})

    round: int
    features: list[str]
    width: int
    score: float | None = None


class WidthPath(Document):
    """`search/frontier.json`: every step of the search over widths, in order."""

    widths: list[int]
    steps: list[WidthPick]
    seconds: float


class LatencySample(Document):
    """One serving model that was timed: its features, their columns, and the median microseconds a request."""

    features: int
    columns: int
    us: float


class LatencyFit(Document):
    """`search/latency.json`: the measured cost model of serving, in microseconds.

    Attributes:
      rows_a_request: of the requests that were timed.
      base: of a request to a model without features.
      column: of each embedding column.
      kinds: of each feature, by the name of its operations (see `Feature.serving_operations`).
      median_error: relative, over the samples.
      samples: that the constants were fitted to.
    """

    rows_a_request: int
    base: float
    column: float
    kinds: dict[str, float]
    median_error: float
    samples: list[LatencySample]

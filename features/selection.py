"""The features that were chosen under the budget, and the allocations that were tried for it."""

from __future__ import annotations

from typing import Any, ClassVar

from features.document import Document


class Kept(Document):
    """A feature that the budget pays for.

    Attributes:
      feature: its name.
      round, attention: the round in which the feature was picked, and its attention then.
      width: columns of its embedding.
      rows: of its table, 0 for a float feature; fewer than preprocessing made where its vocabulary is cut.
      bytes: of its table.
    """

    feature: str
    round: int
    attention: float
    width: int
    rows: int
    bytes: int


class Dropped(Document):
    """A feature that is left out, and why."""

    feature: str
    reason: str


class Trial(Document):
    """An allocation of the budget that was considered, and its quality on validation where it was trained.

    Attributes:
      allocator: its name.
      features: how many it holds.
      cost: in the budget's unit.
      validation_auc, validation_log_loss: means over the trials.
      trials: trainings behind the means.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset(
        {"features", "cost", "validation_auc", "validation_log_loss", "trials"}
    )

    allocator: str
    features: int | None = None
    cost: float | None = None
    validation_auc: float | None = None
    validation_log_loss: float | None = None
    trials: int | None = None


class Spending(Document):
    """The budget as a number, what is spent of it, and what all candidates would cost at full width."""

    unit: str
    limit: float
    spent: float
    full: float


class PathCost(Document):
    """What a unit of the path costs at full width, in the budget's unit, and with all units before it."""

    features: list[str]
    cost: float
    cumulative_cost: float


class Changes(Document):
    """How a selection differs from that of an earlier spec.

    Attributes:
      spec: name of the earlier one.
      stayed, added: features.
      removed: features, each with a reason.
      widths: of the features that stayed at another width, before and after.
    """

    spec: str
    stayed: list[str]
    added: list[str]
    removed: dict[str, str]
    widths: dict[str, tuple[int, int]]


class Selection(Document):
    """`selection/selection.json`: what is kept, what is dropped and why.

    Attributes:
      budget: the config's budget, as it was asked for.
      allocator: name of the allocation that was kept.
      tried: all allocations, in the order in which they were tried.
      kept: in pick order.
      dropped: in the data's order.
      bytes, full_bytes: of the tables that are kept, and of the full model's.
      cost: in the budget's unit.
      path_cost: along the path; None where nothing was searched.
      since: what changed from `selection.previous`, where there is one.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"path_cost", "since"})

    budget: dict[str, Any]
    allocator: str
    tried: list[Trial]
    kept: list[Kept]
    dropped: list[Dropped]
    bytes: int
    full_bytes: int
    cost: Spending
    path_cost: list[PathCost] | None = None
    since: Changes | None = None

    def names(self) -> list[str]:
        """Kept features, in pick order."""
        return [kept.feature for kept in self.kept]

"""What a selection spent of its budget, and what it changed from an earlier one."""

from __future__ import annotations

from features.config.budget import Budget
from features.document import Document
from features.proof import Proof
from features.selection import Changes, Selection, Spending, Trial


class BudgetFigures(Document):
    """The budget, what is spent of it, and the allocators tried.

    Attributes:
      budget: as asked for, in words.
      unit: as in `Budget.unit`.
      limit: of the budget, where it is on an axis of the report's plots.
      cost: limit, spent and full cost in the budget's own unit.
      allocator: whose allocation was kept.
      tried: all allocations.
    """

    budget: str
    unit: str
    limit: float | None
    cost: Spending
    allocator: str
    tried: list[Trial]


class Worth(Document):
    """What a new choice is worth: figures of the earlier and of the new one, both retrained on this data."""

    auc: tuple[float, float]
    log_loss: tuple[float, float]
    intervals: tuple[tuple[float, float], tuple[float, float]]
    bytes: tuple[int, int]


class ChangesSince(Changes):
    """What a choice changed from an earlier spec, and what that is worth where both are proved."""

    worth: Worth | None


def budget_figures(selection: Selection) -> BudgetFigures:
    """The budget of a selection."""
    budget = Budget.model_validate(selection.budget)
    # The plots' axes are features and bytes of tables alone; a budget in another unit is not drawn on them.
    drawn = budget.unit == "features" or (budget.unit == "bytes" and not budget.optimizer_slots)
    return BudgetFigures(
        budget=_words(budget),
        unit=budget.unit,
        limit=selection.cost.limit if drawn else None,
        cost=selection.cost,
        allocator=selection.allocator,
        tried=selection.tried,
    )


def _words(budget: Budget) -> str:
    counted = {
        "features": "features",
        "bytes": "bytes of embedding tables" + (" with their optimizer's slots" if budget.optimizer_slots else ""),
        "parameters": "parameters of the tables and of the weights on their columns",
        "cost": "declared cost",
        "latency": f"latency of a request of {budget.latency_batch} rows",
    }
    if budget.all:
        return "none, everything is kept"
    if budget.auto:
        loss = f"validation log loss is within {budget.tolerance:g} of the full model's"
        return f"the fewest {counted[budget.auto]} at which the {loss}"
    asked, what = getattr(budget, budget.asked), counted[budget.asked]
    if budget.share is not None:
        return f"{asked.strip()} of the {what}"
    if budget.latency:
        return f"{asked} for a request of {budget.latency_batch} rows"
    if budget.cost:
        return f"a {what} of {asked}"
    # An amount and no share, so that it is the same whatever everything costs.
    return f"{budget.limit(0):,.0f} {what}"


def changes_since(selection: Selection | None, proof: Proof | None) -> ChangesSince | None:
    """What changed from an earlier spec; None where the selection did not start from one."""
    if selection is None or selection.since is None:
        return None
    # Both retrained on this data: the figures in the earlier spec are of other rows.
    worth = _worth(proof) if proof and proof.has("previous", "pruned") else None
    return ChangesSince(**dict(selection.since), worth=worth)


def _worth(proof: Proof) -> Worth:
    # The earlier choice is proved with a dense tower, so a thinned one is compared by its dense twin.
    earlier, new = proof.point("previous"), proof.point("dense pruned" if proof.has("dense pruned") else "pruned")
    return Worth(
        auc=(earlier.auc.mean, new.auc.mean),
        log_loss=(earlier.log_loss.mean, new.log_loss.mean),
        intervals=(earlier.auc.interval, new.auc.interval),
        bytes=(earlier.bytes, new.bytes),
    )

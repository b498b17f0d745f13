"""What a selection spent of its budget, and what it changed from an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.budget import Budget


def spending(document: Mapping[str, Any]) -> dict[str, Any]:
    """The budget in words and as a number, what is spent of it, and the allocators tried.

    Args:
      document: `selection.json`.

    Returns:
      Among others `limit`, None where it is on no axis of the report's plots.
    """
    budget = Budget.model_validate(document["budget"])
    drawn = budget.unit == "features" or (budget.unit == "bytes" and not budget.optimizer_slots)
    return {
        "budget": _words(budget),
        "unit": budget.unit,
        "limit": document["cost"]["limit"] if drawn else None,
        "cost": document["cost"],
        "allocator": document["allocator"],
        "tried": document["tried"],
    }


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
    return f"{budget.limit(0):,.0f} {what}"


def since(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """What changed from an earlier spec, and `worth`: figures of the earlier choice and the new one, where both are proved.

    Args:
      found: the documents of a work folder.
    """
    changes = (found["selection"] or {}).get("since")
    if changes is None:
        return None
    points = {point["name"]: point for point in found["proof"]["points"]} if found["proof"] else {}
    if not {"previous", "pruned"} <= set(points):
        return dict(changes) | {"worth": None}
    # The earlier choice is proved with a dense tower.
    both = [points["previous"], points.get("dense pruned", points["pruned"])]
    worth = {figure: [point[figure]["mean"] for point in both] for figure in ("auc", "log_loss")}
    return dict(changes) | {
        "worth": worth | {"intervals": [p["auc"]["interval"] for p in both], "bytes": [p["bytes"] for p in both]}
    }

"""What a proof retrains: the full and the pruned model, and whatever points the config asks for beside them."""

from __future__ import annotations

from features.allocation import Allocation
from features.config import Config
from features.config.budget import Budget
from features.selection import Selection
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.workspace import Workspace
from pipeline.selection.choice import spend
from pipeline.selection.previous_spec import Previous


def contenders(config: Config, workspace: Workspace, transformed: Transformed, selection: Selection) -> dict[str, Allocation]:
    """What each point of the proof takes, by name: `full`, `pruned`, further points, `dense pruned` where towers are thinned.

    Raises:
      ConfigError: nothing fits the budget of a further point.
    """
    allocations = {
        "full": Allocation(dict(FullModel.of(config, transformed).widths)),
        "pruned": Allocation.of(selection.kept, transformed.encodings),
        **further_points(config, workspace, transformed),
    }
    # Without it nobody could tell what the features cost in quality and what the thinned tower does.
    if config.model.tower.block_sparsity:
        allocations["dense pruned"] = allocations["pruned"]
    return allocations


def further_points(config: Config, workspace: Workspace, transformed: Transformed) -> dict[str, Allocation]:
    """Each of `proof.points`, by a name such as `10 features` or `5% bytes`, and of the `previous` spec.

    There are none where nothing is searched: without a path there is nothing to cut elsewhere.
    """
    if config.selection.budget.all:
        return {}
    points = {}
    for asked in config.proof.points:
        # A bare number is one of features, as in `--points 5,10`.
        budget = Budget(features=asked) if isinstance(asked, int) else asked
        points[_name(budget)] = spend(config, workspace, transformed, budget).allocation
    previous = Previous.of(config)
    return points | ({"previous": previous.allocation(config, transformed)} if previous else {})


def is_thinned(config: Config, point: str) -> bool:
    """Whether the tower of a point loses blocks: only that of the pruned model does, as the config asks."""
    return point == "pruned" and config.model.tower.block_sparsity is not None


def twins(config: Config, allocations: dict[str, Allocation]) -> dict[str, str]:
    """The first point that trains the same model as each, often itself: without a search, `full` and `pruned` are one."""
    trained = {name: (allocation, is_thinned(config, name)) for name, allocation in allocations.items()}
    return {name: next(other for other in trained if trained[other] == trained[name]) for name in trained}


def _name(budget: Budget) -> str:
    asked = getattr(budget, budget.asked)
    return f"auto {asked}" if budget.auto else f"{asked} {budget.asked}"

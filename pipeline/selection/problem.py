"""What a budget has to be spent on: the paths of a search, with what everything on them costs."""

from __future__ import annotations

from collections.abc import Mapping

from features.allocation import Problem, Widths
from features.config import Config
from features.cost import CostModel
from features.document import rounded
from features.path import SearchPath, WidthPath
from features.selection import PathCost
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.selection.budget_cost import budget_cost


def problem_of(config: Config, transformed: Transformed, searched: str) -> Problem:
    """What there is to allocate; its limit is the cost of everything at full width.

    Args:
      config: of the run, with the budget.
      transformed: the transformed folder.
      searched: folder of the search.

    Raises:
      DataError: a path is absent or damaged.
    """
    path = files.read_document(SearchPath, files.join(searched, "path.json"))
    order = [pick.feature for pick in path.picks]
    units = _units(path)
    caps = {name: path.widths[name] for name in order}
    # The widest of all: a feature with a width of its own, and float features, have less.
    full = max(caps.values())
    cost = budget_cost(config, transformed, searched)

    # Tables that are cut have other costs than whole ones.
    def priced(rows: Mapping[str, int]) -> CostModel:
        return budget_cost(config, transformed.cut(rows), searched)

    return Problem(
        units=units,
        caps=caps,
        rows={encoding.name: encoding.rows for encoding in transformed.encodings},
        widths=[*sorted(width for width in config.selection.widths if width < full), full],
        cost=cost,
        limit=cost.total(caps),
        must=frozenset(config.matching("keep", order)),
        steps=_width_steps(units, searched),
        cuttable=_cuttable(config, transformed),
        priced=priced,
    )


def path_costs(problem: Problem) -> list[PathCost]:
    """What the path costs at full width, with each of its units, in the budget's unit."""
    taken: Widths = {}
    points = []
    for unit in problem.units:
        step = problem.at(unit, max(problem.widths))
        added = problem.cost.added(taken, step)
        taken |= step
        total = problem.cost.total(taken)
        points.append(PathCost(features=list(unit), cost=rounded(added), cumulative_cost=rounded(total)))
    return points


def _units(path: SearchPath) -> list[tuple[str, ...]]:
    """The units in the order of their picks."""
    unit_of = {name: tuple(unit) for unit in path.units for name in unit}
    return list(dict.fromkeys(unit_of[pick.feature] for pick in path.picks))


def _width_steps(units: list[tuple[str, ...]], searched: str) -> list[tuple[int, int]]:
    """The search over widths, where there was one, as (place in `units`, width)."""
    file = files.join(searched, "frontier.json")
    if not files.exists(file):
        return []
    steps = files.read_document(WidthPath, file).steps
    return [(units.index(tuple(step.features)), step.width) for step in steps]


def _cuttable(config: Config, transformed: Transformed) -> frozenset[str]:
    """Features whose tables may lose rows; none under a budget that rows are no part of."""
    # Shorter tables make no fewer features, and no faster look-ups.
    if config.selection.budget.unit not in ("bytes", "parameters"):
        return frozenset()
    return frozenset(feature.name for feature in transformed.features if feature.cuttable)

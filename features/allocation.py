"""Allocators: ways to spend one budget on features and widths. Pure functions of the search's order and the costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from features.cost import CostModel
from features.errors import ConfigError

Widths = dict[str, int]
_SLACK = 1e-9  # of the limit, for sums of floats


@dataclass(frozen=True)
class Problem:
    """What every allocator is asked.

    Attributes:
      units: features that go together, in the order of the path; must-keep ones first.
      caps: full width of each feature; of a float feature its length, its only width.
      rows: of each feature's table, 0 for a float feature.
      widths: that a table may have.
      cost: of features at widths.
      limit: of the cost.
      must: features that have to be in.
      steps: of the search over widths: (place in `units`, width), in the order of its picks.
    """

    units: Sequence[Sequence[str]]
    caps: Mapping[str, int]
    rows: Mapping[str, int]
    widths: Sequence[int]
    cost: CostModel
    limit: float
    must: frozenset[str] = frozenset()
    steps: Sequence[tuple[int, int]] = field(default_factory=list)

    def at(self, unit: Sequence[str], width: int) -> Widths:
        """The features of a unit at a width, as far as their caps allow."""
        return {name: min(width, self.caps[name]) if self.rows[name] else self.caps[name] for name in unit}

    def fits(self, widths: Mapping[str, int]) -> bool:
        """Whether the budget pays for it."""
        return self.cost.total(widths) <= self.limit * (1 + _SLACK)

    def filled(self, wanted: Iterable[Mapping[str, int]]) -> Widths:
        """Takes what is wanted in order, skipping what no longer fits."""
        chosen: Widths = {}
        for step in wanted:
            grown = {**chosen, **step}
            if self.fits(grown):
                chosen = grown
        return chosen


def common_width(problem: Problem, width: int, most: float = 1.0) -> Widths:
    """The path in order, every table at one width; units that alone take more than the share `most` of the limit stay out.

    A long table that comes early may eat a small budget up: on KuaiRand, at 1 % of all bytes, `most=0.5` is worth .003 AUC.
    """
    steps = [(unit, problem.at(unit, width)) for unit in problem.units]
    limit = problem.limit * most
    return problem.filled(s for u, s in steps if most == 1 or problem.must & set(u) or problem.cost.added({}, s) <= limit)


def mixed_dimension(problem: Problem, names: Iterable[str], exponent: float = 0.5) -> Widths:
    """Widths ~ rows^-exponent over the given features, rounded down to the allowed ones (1 at least), as wide as fits.

    Source: Ginart et al., Mixed Dimension Embeddings, ISIT 2021, with temperature `exponent`.
    """
    names = list(names)
    scales = sorted(
        {width * problem.rows[name] ** exponent for width in problem.widths for name in names if problem.rows[name]}
    )
    best: Widths = {}
    for scale in scales or [1.0]:
        ruled = {name: _ruled(problem, name, scale, exponent) for name in names}
        if not problem.fits(ruled):
            break
        best = ruled
    return best


def frontier(problem: Problem) -> Widths:
    """The search over widths read in order: a step is taken if the one below it was and it fits."""
    chosen: Widths = {}
    reached = [0] * len(problem.units)
    for place, width in problem.steps:
        below = max((other for other in problem.widths if other < width), default=0)
        grown = {**chosen, **problem.at(problem.units[place], width)}
        if reached[place] == below and problem.fits(grown):
            chosen, reached[place] = grown, width
    return chosen


def allocations(problem: Problem, allocator: str) -> dict[str, Widths]:
    """What the allocators give, by name: distinct ones that hold all of `must`.

    Args:
      problem: to solve.
      allocator: `common_width`, `mixed_dimension`, `frontier`, or `auto` for all of them.

    Raises:
      ConfigError: nothing fits the budget.
    """
    everything = max(problem.caps.values())
    if not problem.cost.by_width:
        made = {"full width": common_width(problem, everything)}
        if {width for _, width in problem.steps} == {everything}:  # a search over whole features, with their costs
            made["frontier"] = frontier(problem)
    else:
        common = {f"{w}": common_width(problem, w) for w in problem.widths}
        common |= {f"{w}, none over half the budget": common_width(problem, w, 0.5) for w in problem.widths}
        made = {}
        if allocator == "frontier" and not problem.steps:  # a further point in another unit than was searched in
            allocator = "auto"
        if allocator in ("auto", "common_width"):
            made |= {f"common width {name}": widths for name, widths in common.items()}
        if allocator in ("auto", "mixed_dimension"):
            made |= {f"mixed dimension {name}": mixed_dimension(problem, widths) for name, widths in common.items()}
        if allocator in ("auto", "frontier"):
            made["frontier"] = frontier(problem)
    found: dict[str, Widths] = {}
    for name, widths in made.items():
        if widths and problem.must <= set(widths) and widths not in found.values():
            found[name] = widths
    if not found:
        raise ConfigError(_nothing_fits(problem))
    return found


def _ruled(problem: Problem, name: str, scale: float, exponent: float) -> int:
    if not problem.rows[name]:
        return problem.caps[name]
    ideal = scale * problem.rows[name] ** -exponent * (1 + _SLACK)
    allowed = [width for width in problem.widths if width <= min(ideal, problem.caps[name])]
    return max(allowed, default=min(problem.widths))


def _nothing_fits(problem: Problem) -> str:
    narrow = min(problem.widths)
    unit, limit = problem.cost.unit, f"selection.budget: {problem.limit:,.6g} {problem.cost.unit}"
    if problem.must:
        least = problem.cost.total(
            {n: w for u in problem.units if problem.must & set(u) for n, w in problem.at(u, narrow).items()}
        )
        if least > problem.limit:
            return f"{limit} cannot hold all of selection.keep, which takes {least:,.6g} {unit} at its narrowest"
    costs = {", ".join(unit_): problem.cost.total(problem.at(unit_, narrow)) for unit_ in problem.units}
    cheapest = min(costs, key=lambda name: costs[name])
    return f"{limit}: nothing fits; the cheapest, {cheapest}, takes {costs[cheapest]:,.6g} {unit}"

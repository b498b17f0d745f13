"""Allocators: ways to spend one budget on features and widths. Pure functions of the search's order and the costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from features.cost import CostModel
from features.encoding import Encoding
from features.errors import ConfigError
from features.selection import Kept

Widths = dict[str, int]
_SLACK = 1e-9  # of the limit, for sums of floats
LEAST_ROWS = 16  # of a table that is cut
_LARGE, _HEADS = 3, 5


@dataclass(frozen=True)
class Allocation:
    """A budget spent: features with the width of each, and what is left of the tables that are cut.

    Attributes:
      widths: of the embeddings, by feature.
      rows: of the tables that are not whole, by feature.
    """

    widths: Widths
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Sequence[Kept], encodings: Iterable[Encoding]) -> Allocation:
        """That of a selection, over data with these encodings."""
        whole = {encoding.name: encoding.rows for encoding in encodings}
        rows = {entry.feature: entry.rows for entry in kept if entry.rows < whole[entry.feature]}
        return cls({entry.feature: entry.width for entry in kept}, rows)


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
      cuttable: features whose tables may lose the rows of their rarest values.
      priced: the cost model of tables with so many rows, where that is another one.
    """

    units: Sequence[Sequence[str]]
    caps: Mapping[str, int]
    rows: Mapping[str, int]
    widths: Sequence[int]
    cost: CostModel
    limit: float
    must: frozenset[str] = frozenset()
    steps: Sequence[tuple[int, int]] = field(default_factory=list)
    cuttable: frozenset[str] = frozenset()
    priced: Callable[[Mapping[str, int]], CostModel] | None = None

    def total(self, allocation: Allocation) -> float:
        """What an allocation costs."""
        cost = self.priced(allocation.rows) if self.priced and allocation.rows else self.cost
        return cost.total(allocation.widths)

    def cut(self, widths: Widths) -> Allocation | None:
        """These features with their tables cut to the most rows, the same for all, that the limit pays for; None if none do."""
        sizes = sorted({self.rows[name] for name in self.cuttable & widths.keys()})
        low, high = LEAST_ROWS, sizes[-1] if sizes else 0
        found = None
        while low <= high:
            most = (low + high) // 2
            cut = Allocation(widths, {n: most for n in widths if n in self.cuttable and self.rows[n] > most})
            if self.total(cut) <= self.limit * (1 + _SLACK):
                found, low = cut, most + 1
            else:
                high = most - 1
        return found

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


def heads_of_path(problem: Problem) -> dict[str, Allocation]:
    """The first features of the path, so many, at one width; where they do not fit whole, with their tables cut.

    A common table of rare values is worth less than the frequent values of another one: on KuaiRand, at 1 % of all bytes, cut
    tables are worth .01 of AUC. Large tables may also tell the same: each of the largest is once left out.
    """
    found: dict[str, Allocation] = {}
    for gone in [None, *_largest(problem)]:
        left = [unit for unit in problem.units if unit != gone]
        for count in _ladder(len(left)):
            if not problem.must <= {name for unit in left[:count] for name in unit}:
                continue
            said = f"first {count}" + (f" without {' + '.join(gone)}" if gone else "")
            for width in problem.widths:
                widths = {name: own for unit in left[:count] for name, own in problem.at(unit, width).items()}
                if problem.fits(widths):
                    found[f"{said} at width {width}"] = Allocation(widths)
                    continue
                cut = problem.cut(widths)
                if cut:
                    found[f"{said} at width {width}, cut to {max(cut.rows.values()):,} rows"] = cut
                break  # wider ones would have to be cut further
    return found


def allocations(problem: Problem, allocator: str) -> dict[str, Allocation]:
    """What the allocators give, by name: distinct ones that hold all of `must`.

    Args:
      problem: to solve.
      allocator: `common_width`, `mixed_dimension`, `frontier`, `cut` or `auto` for all of them.

    Raises:
      ConfigError: nothing fits the budget.
    """
    everything = max(problem.caps.values())
    made: dict[str, Widths | Allocation] = {}
    if not problem.cost.by_width:
        made["full width"] = common_width(problem, everything)
        if {width for _, width in problem.steps} == {everything}:  # a search over whole features, with their costs
            made["frontier"] = frontier(problem)
    else:
        common = {f"{w}": common_width(problem, w) for w in problem.widths}
        common |= {f"{w}, none over half the budget": common_width(problem, w, 0.5) for w in problem.widths}
        if allocator == "frontier" and not problem.steps:  # a further point in another unit than was searched in
            allocator = "auto"
        if allocator in ("auto", "common_width"):
            made |= {f"common width {name}": widths for name, widths in common.items()}
        if allocator in ("auto", "mixed_dimension"):
            made |= {f"mixed dimension {name}": mixed_dimension(problem, widths) for name, widths in common.items()}
        if allocator in ("auto", "frontier"):
            made["frontier"] = frontier(problem)
        if allocator in ("auto", "cut"):
            made |= heads_of_path(problem)
    found: dict[str, Allocation] = {}
    for name, own in made.items():
        allocation = own if isinstance(own, Allocation) else Allocation(own)
        if allocation.widths and problem.must <= set(allocation.widths) and allocation not in found.values():
            found[name] = allocation
    if not found:
        raise ConfigError(_nothing_fits(problem))
    return found


def _largest(problem: Problem) -> list[Sequence[str]]:
    """Units whose tables have the most rows, of those that may stay out."""
    rows = [(sum(problem.rows[name] for name in unit), unit) for unit in problem.units if not problem.must & set(unit)]
    return [unit for size, unit in sorted(rows, key=lambda own: -own[0])[:_LARGE] if size]


def _ladder(count: int) -> list[int]:
    """`count`, two thirds of it, and so on."""
    return sorted({round(count * (2 / 3) ** n) for n in range(_HEADS)} - {0}, reverse=True)


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

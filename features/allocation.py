"""Allocators: ways to spend one budget on features and widths. Pure functions of the search's order and the costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from features.cost import CostModel
from features.encoding import Encoding
from features.errors import ConfigError
from features.selection import Kept

Widths = dict[str, int]
# Share of the limit by which a cost may pass it: sums of floats depend on their order in the last digits, and an allocation
# that costs the limit exactly must fit.
_SLACK = 1e-9
# A cut table keeps this many rows at least: with fewer, hardly a value would have an id beside the shared ones.
LEAST_ROWS = 16
# How many of the largest tables `heads_of_path` leaves out in turn, and how many lengths of the path it tries. Each allocation
# may cost a training, so both are small.
_LARGEST_TABLES, _HEAD_LENGTHS = 3, 5


@dataclass(frozen=True)
class Allocation:
    """One way to spend a budget: the features to keep, the width of each, and the rows of the tables that are cut.

    Attributes:
      widths: columns of each feature's embedding, by feature.
      rows: rows that each cut table keeps, by feature; tables that stay whole are not listed.
    """

    widths: Widths
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Sequence[Kept], encodings: Iterable[Encoding]) -> Allocation:
        """The allocation that a selection has kept; a table with fewer rows than its encoding has been cut."""
        whole = {encoding.name: encoding.rows for encoding in encodings}
        rows = {entry.feature: entry.rows for entry in kept if entry.rows < whole[entry.feature]}
        return cls({entry.feature: entry.width for entry in kept}, rows)


@dataclass(frozen=True)
class Problem:
    """The question to every allocator: which features, at which widths, within this limit?

    Attributes:
      units: features that go together, in the order of the path; must-keep ones first.
      caps: full width of each feature; for a float feature its length, which is the only width it has.
      rows: rows of each feature's table; 0 for a float feature.
      widths: the widths that a table may have.
      cost: what features cost at given widths, with all tables whole.
      limit: the largest cost allowed, in the unit of `cost`.
      must: features that every allocation has to hold.
      steps: picks of the search over widths, in order: (index into `units`, width).
      cuttable: features whose tables may lose the rows of their rarest values.
      priced: gives the cost model for tables that are cut to the given rows; None where rows do not change the cost.
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
        low, high = LEAST_ROWS, max((self.rows[name] for name in self.cuttable & widths.keys()), default=0)
        largest = None
        # Bisection: the cost never falls when tables get longer, so halves of the range can be ruled out.
        while low <= high:
            most = (low + high) // 2
            cut = Allocation(widths, {n: most for n in widths if n in self.cuttable and self.rows[n] > most})
            if self.total(cut) <= self.limit * (1 + _SLACK):
                largest, low = cut, most + 1
            else:
                high = most - 1
        return largest

    def at(self, unit: Sequence[str], width: int) -> Widths:
        """The features of a unit at a width, as far as their caps allow."""
        return {name: min(width, self.caps[name]) if self.rows[name] else self.caps[name] for name in unit}

    def fits(self, widths: Mapping[str, int]) -> bool:
        """Whether the budget pays for these features at these widths."""
        return self.cost.total(widths) <= self.limit * (1 + _SLACK)

    def filled(self, wanted: Iterable[Mapping[str, int]]) -> Widths:
        """Takes what is wanted in order, skipping what no longer fits."""
        chosen: Widths = {}
        for step in wanted:
            # Priced as a whole and not step by step: features of one source share the cost of fetching from it.
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
    # Widths only grow with the scale, and change only where a table reaches an allowed width: these are the scales to try.
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
    for index, width in problem.steps:
        below = max((other for other in problem.widths if other < width), default=0)
        grown = {**chosen, **problem.at(problem.units[index], width)}
        # A step stands for the columns between two widths: without the columns below it was never measured.
        if reached[index] == below and problem.fits(grown):
            chosen, reached[index] = grown, width
    return chosen


def heads_of_path(problem: Problem) -> dict[str, Allocation]:
    """The first features of the path at one width, for several numbers of features; tables are cut where they do not fit whole.

    The rare values of one table are worth less than the frequent values of another: on KuaiRand, at 1 % of all bytes, cut
    tables are worth .01 of AUC. Two large tables may tell the model the same, so each of the largest is left out once.
    """
    by_name: dict[str, Allocation] = {}
    for absent in [None, *_largest(problem)]:
        units = [unit for unit in problem.units if unit != absent]
        for count in _ladder(len(units)):
            head = units[:count]
            if problem.must <= {name for unit in head for name in unit}:
                without = f" without {' + '.join(absent)}" if absent else ""
                by_name |= {f"first {count}{without} {ending}": value for ending, value in _head_at_widths(problem, head)}
    return by_name


def _head_at_widths(problem: Problem, head: Sequence[Sequence[str]]) -> Iterator[tuple[str, Allocation]]:
    """These units at each width that fits, and at the first one for which tables must be cut; each with its name."""
    for width in problem.widths:
        widths = {name: columns for unit in head for name, columns in problem.at(unit, width).items()}
        if problem.fits(widths):
            yield f"at width {width}", Allocation(widths)
            continue
        cut = problem.cut(widths)
        if cut:
            yield f"at width {width}, cut to {max(cut.rows.values()):,} rows", cut
        return  # wider tables would have to be cut further


def allocations(problem: Problem, allocator: str) -> dict[str, Allocation]:
    """The allocations that the allocators give, by name; only different ones, and only those that hold all of `must`.

    Args:
      problem: to solve.
      allocator: `common_width`, `mixed_dimension`, `frontier`, `cut` or `auto` for all of them.

    Raises:
      ConfigError: nothing fits the budget.
    """
    candidates = _of_widths(problem, allocator) if problem.cost.by_width else _of_whole_features(problem)
    distinct: dict[str, Allocation] = {}
    for name, allocation in candidates.items():
        # Two allocators often agree; each allocation that is left may cost a training.
        if allocation.widths and problem.must <= set(allocation.widths) and allocation not in distinct.values():
            distinct[name] = allocation
    if not distinct:
        raise ConfigError(_nothing_fits(problem))
    return distinct


def _of_whole_features(problem: Problem) -> dict[str, Allocation]:
    """Allocations where widths cost nothing, so that every feature has its full width."""
    full = max(problem.caps.values())
    by_name = {"full width": Allocation(common_width(problem, full))}
    if {width for _, width in problem.steps} == {full}:  # a search over whole features, with their costs
        by_name["frontier"] = Allocation(frontier(problem))
    return by_name


def _of_widths(problem: Problem, allocator: str) -> dict[str, Allocation]:
    """Allocations where widths cost: those of the named allocator, or of all of them."""
    common = {f"{w}": common_width(problem, w) for w in problem.widths}
    common |= {f"{w}, none over half the budget": common_width(problem, w, 0.5) for w in problem.widths}
    if allocator == "frontier" and not problem.steps:  # a further point in another unit than was searched in
        allocator = "auto"
    by_name: dict[str, Allocation] = {}
    # The order matters: of equal allocations the first name is kept, and names are shown in the report.
    if allocator in ("auto", "common_width"):
        by_name |= {f"common width {name}": Allocation(widths) for name, widths in common.items()}
    if allocator in ("auto", "mixed_dimension"):
        by_name |= {f"mixed dimension {n}": Allocation(mixed_dimension(problem, widths)) for n, widths in common.items()}
    if allocator in ("auto", "frontier"):
        by_name["frontier"] = Allocation(frontier(problem))
    if allocator in ("auto", "cut"):
        by_name |= heads_of_path(problem)
    return by_name


def _largest(problem: Problem) -> list[Sequence[str]]:
    """Units whose tables have the most rows, of those that may stay out."""
    rows = [(sum(problem.rows[name] for name in unit), unit) for unit in problem.units if not problem.must & set(unit)]
    return [unit for size, unit in sorted(rows, key=lambda sized: -sized[0])[:_LARGEST_TABLES] if size]


def _ladder(count: int) -> list[int]:
    """`count`, two thirds of it, two thirds of that, and so on: lengths of the path that are tried."""
    return sorted({round(count * (2 / 3) ** n) for n in range(_HEAD_LENGTHS)} - {0}, reverse=True)


def _ruled(problem: Problem, name: str, scale: float, exponent: float) -> int:
    """The width that the mixed-dimension rule gives a feature."""
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

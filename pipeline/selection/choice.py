"""The choice: the best allocation of a budget, or the least budget whose best allocation is good enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from features.allocation import Allocation, Problem, allocations
from features.config import Config
from features.config.budget import Budget
from features.document import rounded
from features.errors import ConfigError
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.workspace import Workspace
from pipeline.selection.problem import problem_of
from pipeline.selection.trial import Judge, TrainingJudge, TriedAllocation

# Shares of the full cost that a budget of `auto` looks at.
LADDER = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0)
# A trial is one seed on few rows, and its noise is of the size of what allocations differ by: the best few are tried again.
TURNS, FINALISTS = 3, 6
# Of log loss: what two seeds of one allocation differ by on KuaiRand. Among allocations this close the smallest network wins.
AS_GOOD = 0.0005


@dataclass(frozen=True)
class Choice:
    """What a budget was spent on.

    Attributes:
      problem: the allocation problem that was solved.
      chosen: the allocation that is kept.
      tried: all allocations, in the order of trial.
    """

    problem: Problem
    chosen: TriedAllocation
    tried: Sequence[TriedAllocation]

    @property
    def allocation(self) -> Allocation:
        """What is kept, in the order of the path."""
        widths, rows = self.chosen.allocation.widths, self.chosen.allocation.rows
        order = [name for unit in self.problem.units for name in unit if name in widths]
        return Allocation({name: widths[name] for name in order}, rows)


def spend(config: Config, workspace: Workspace, transformed: Transformed, budget: Budget) -> Choice:
    """The best allocation found for a budget.

    Raises:
      ConfigError: nothing fits, or `auto` has no validation rows to judge by.
    """
    selection = config.selection.model_copy(update={"budget": budget})
    config = config.model_copy(update={"selection": selection})
    problem = problem_of(config, transformed, workspace.folder("search"))
    chooser = Chooser(TrainingJudge(config, workspace, transformed), selection.allocator, budget)
    return chooser.choose(problem)


@dataclass(frozen=True)
class Chooser:
    """Tries allocations and keeps one.

    Attributes:
      judge: tells which is better.
      allocator: as in `selection.allocator`.
      budget: as asked for.
    """

    judge: Judge
    allocator: str
    budget: Budget

    def choose(self, problem: Problem) -> Choice:
        """What the budget buys of a problem whose limit is the full cost.

        Raises:
          ConfigError: nothing fits, or `auto` has no validation rows to judge by.
        """
        if self.budget.auto is None:
            return self.best(replace(problem, limit=self.budget.limit(problem.limit)))
        return self.smallest(problem)

    def best(self, problem: Problem) -> Choice:
        """The allocation of the least validation log loss, or the one of the fewest parameters that is as good.

        All are tried once, the best six thrice; a single one is not tried. Budgets of bytes are of tables alone: of two
        allocations that they pay for, one may need ten times the network of the other.
        """
        tried = [
            TriedAllocation(name, allocation, problem.total(allocation))
            for name, allocation in allocations(problem, self.allocator).items()
        ]
        # A budget of `auto` compares even a single allocation with the full model.
        if len(tried) == 1 and self.budget.auto is None:
            return Choice(problem, tried[0], tried)
        finalists = self._finalists(tried)
        if not finalists:  # without validation rows nothing tells them apart
            return Choice(problem, tried[-1], tried)
        as_good = [one for one in finalists if one.log_loss <= finalists[0].log_loss + AS_GOOD]
        return Choice(problem, min(as_good, key=lambda one: self.judge.parameters(one.allocation)), tried)

    def smallest(self, problem: Problem) -> Choice:
        """The least limit of a ladder, found by halving, whose best allocation is within tolerance of the full model."""
        full = self._full_width(problem)
        bar = full.log_loss + self.budget.tolerance
        smallest = Choice(problem, full, [full])
        limits = self._limits(problem)
        # Quality rises with the limit, but for noise: halving tries a few limits where the ladder has many.
        low, high = 0, len(limits)
        while low < high:
            middle = (low + high) // 2
            choice = self._best_if_any(replace(problem, limit=limits[middle]))
            if choice is not None and rounded(choice.chosen.log_loss) <= bar:
                smallest, high = choice, middle
            else:
                low = middle + 1
        return smallest

    def _finalists(self, tried: Sequence[TriedAllocation]) -> list[TriedAllocation]:
        """The best few after all turns, the best first; none without validation rows."""
        # Every turn is another seed for all: what a seed makes easy or hard, it does for each of them.
        finalists = list(tried)
        for turn in range(TURNS):
            for one in finalists:
                quality = self.judge.quality(one.allocation, one.allocator, turn)
                if quality is None:
                    return []
                one.qualities.append(quality)
            finalists = sorted(finalists, key=lambda one: one.log_loss)[:FINALISTS]
        return finalists

    def _full_width(self, problem: Problem) -> TriedAllocation:
        """Everything at full width, tried as often as the finalists are."""
        everything = Allocation(dict(problem.caps))
        full = TriedAllocation("full width", everything, problem.total(everything))
        qualities = [self.judge.quality(everything, "full model", turn) for turn in range(TURNS)]
        full.qualities.extend(quality for quality in qualities if quality is not None)
        if not full.qualities:
            raise ConfigError("selection.budget: auto needs validation rows; set data.split.validation or data.validation")
        return full

    def _limits(self, problem: Problem) -> list[float]:
        """The ladder of limits below the full cost: shares of it, or each number of features."""
        if problem.cost.unit == "features":
            return [float(count) for count in range(1, len(problem.caps))]
        return [problem.limit * share for share in LADDER[:-1]]

    def _best_if_any(self, problem: Problem) -> Choice | None:
        """The best allocation; None where the limit pays for nothing."""
        try:  # a low rung may pay for no feature at all, which is no mistake of the config
            return self.best(problem)
        except ConfigError:
            return None

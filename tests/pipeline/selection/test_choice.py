"""Which of several allocations is kept, told by a judge that does not train."""

from dataclasses import dataclass, field

import pytest

from features.allocation import Allocation, Problem
from features.config.budget import Budget
from features.cost import CostModel
from features.errors import ConfigError
from models.metrics import Quality
from pipeline.selection.choice import AS_GOOD, FINALISTS, Chooser


@dataclass
class LossOfFeatures:
    """Gives each number of features a log loss, and a model as many parameters as features."""

    losses: dict[int, float]
    asked: list[str] = field(default_factory=list)

    def quality(self, allocation: Allocation, name: str, turn: int) -> Quality:
        self.asked.append(name)
        return Quality(0.7, self.losses[len(allocation.widths)], 1.0, 1.0)

    def parameters(self, allocation: Allocation) -> float:
        return len(allocation.widths)


class Blind:
    """A judge without validation rows."""

    def quality(self, allocation: Allocation, name: str, turn: int) -> None:
        return None

    def parameters(self, allocation: Allocation) -> float:
        raise AssertionError("nothing is compared")


def problem(names: str, limit: float, by_width: bool) -> Problem:
    """Features of equal tables of 10 rows, priced by the column or by the feature."""
    fixed, column = (dict.fromkeys(names, float(value)) for value in ((0, 10) if by_width else (1, 0)))
    cost = CostModel("bytes" if by_width else "features", fixed, column)
    units, rows = [[name] for name in names], dict.fromkeys(names, 10)
    return Problem(units, dict.fromkeys(names, 4), rows, [1, 2, 4], cost, limit)


def test_a_single_allocation_is_not_tried():
    judge = LossOfFeatures({})
    choice = Chooser(judge, "auto", Budget(features=2)).choose(problem("abc", 3, by_width=False))
    assert choice.allocation == Allocation({"a": 4, "b": 4})
    assert judge.asked == []


def test_of_allocations_as_good_the_smallest_network_is_kept():
    # 40 columns of ten rows: all four at width 1, all at width 2 in half of it, one at width 4 in a quarter.
    judge = LossOfFeatures({4: 0.5, 2: 0.5 + 0.9 * AS_GOOD, 1: 0.5 + 1.1 * AS_GOOD})
    choice = Chooser(judge, "common_width", Budget(bytes=40)).choose(problem("abcd", 160, by_width=True))
    by_size = {len(tried.allocation.widths): tried for tried in choice.tried}
    assert {size: tried.trial.trials for size, tried in by_size.items()} == {4: 3, 2: 3, 1: 3}
    assert choice.allocation == Allocation({"a": 2, "b": 2})
    assert len(choice.tried) <= FINALISTS


def test_without_validation_rows_the_last_is_kept():
    choice = Chooser(Blind(), "common_width", Budget(bytes=40)).choose(problem("abcd", 160, by_width=True))
    assert choice.chosen is choice.tried[-1]
    assert choice.chosen.trial.trials is None


@pytest.mark.parametrize(("tolerance", "kept"), [(0.011, "abc"), (0.021, "ab"), (1.0, "a"), (0.001, "abcde")])
def test_auto_is_the_least_number_of_features_within_tolerance(tolerance, kept):
    judge = LossOfFeatures({1: 0.6, 2: 0.52, 3: 0.51, 4: 0.505, 5: 0.5})
    budget = Budget(auto="features", tolerance=tolerance)
    choice = Chooser(judge, "auto", budget).choose(problem("abcde", 5, by_width=False))
    assert list(choice.allocation.widths) == list(kept)


def test_auto_needs_validation_rows():
    with pytest.raises(ConfigError, match="auto needs validation rows"):
        Chooser(Blind(), "auto", Budget(auto="features")).choose(problem("abc", 3, by_width=False))

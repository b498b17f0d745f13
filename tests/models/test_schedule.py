"""Schedules and scores, by hand."""

import numpy as np
import pytest

from features.errors import ConfigError
from models.schedule import Schedule, frontier_scores, standings, top


@pytest.mark.parametrize(
    ("steps", "picks", "per_round", "warmup", "expected"),
    [
        (1000, 45, 1, 0.1, (5, 45, 1, 20)),
        (1000, 20, 2, 0.1, (1, 10, 2, 90)),
        (100, 7, 3, 0.0, (0, 3, 3, 33)),
        (11, 10, 1, 0.1, (1, 10, 1, 1)),
        (150, 50, 1, 0.5, (50, 50, 1, 1)),
    ],
)
def test_schedule(steps, picks, per_round, warmup, expected):
    found = Schedule.of(steps, picks, per_round, warmup)
    assert (found.warmup_rounds, found.picking_rounds, found.picks_per_round, found.steps_per_round) == expected
    assert found.steps <= steps
    assert found.picking_rounds * found.picks_per_round >= picks


def test_too_few_steps_name_the_remedy():
    with pytest.raises(ConfigError, match=r"10 optimizer steps are too few for 11 rounds; raise selection.epochs"):
        Schedule.of(10, 10)


def test_without_cost_scores_are_the_logits():
    scores = frontier_scores(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.0, np.array([True, True, False]))
    assert scores.tolist() == [3, 1, -np.inf]
    assert top(scores, 5) == [0, 1]


def test_cost_is_weighed_standardised():
    logits, cost = np.array([1.0, 2.0, 3.0, 99.0]), np.array([1.0, np.e, np.e**2, 1.0])
    frontier = np.array([True, True, True, False])
    z = np.array([-1, 0, 1]) / np.sqrt(2 / 3)
    np.testing.assert_allclose(frontier_scores(logits, cost, 0.5, frontier)[:3], z - 0.5 * z)
    assert top(frontier_scores(logits, cost, 2.0, frontier), 1) == [0]


def test_ties_go_to_the_smaller_index():
    assert top(np.array([1.0, 2.0, 2.0, 2.0]), 2) == [1, 2]
    scores = frontier_scores(np.zeros(3), np.ones(3), 1.0, np.ones(3, bool))
    assert scores.tolist() == [0, 0, 0]


def test_standings_carry_earlier_rounds():
    frontier = np.array([True, True, False])
    found = standings(np.array([10.0, 0.0, 5.0]), np.array([-1.0, 1.0, 7.0]), 0.8, frontier)
    np.testing.assert_allclose(found, [8 - 1, 0 + 1, 0])

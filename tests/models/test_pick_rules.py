"""Scores of a round, by hand."""

import numpy as np

from models.pick_rules import frontier_scores, standings, top


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

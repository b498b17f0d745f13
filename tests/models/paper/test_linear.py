"""Regularised linear Sequential Attention picks what Orthogonal Matching Pursuit picks."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Lasso, OrthogonalMatchingPursuit

from models.paper.linear import minimise, orthogonal_matching_pursuit, sequential_attention


def problem(seed, rows=40, columns=15):
    """A sparse regression; columns share a factor in two of three problems, strongly in one."""
    rng = np.random.default_rng(seed)
    shared = [0.0, 0.5, 2.0][seed % 3]
    x = rng.normal(size=(rows, columns)) + shared * rng.normal(size=(rows, 1))
    weights = np.where(rng.random(columns) < 0.3, rng.normal(size=columns) * 2, 0.0)
    return x, x @ weights + rng.normal(size=rows)


def picks_of_sklearn(x, y, k):
    """Step t's pick is what a fit of t coefficients has more than one of t - 1."""
    picks = []
    for count in range(1, k + 1):
        weights = OrthogonalMatchingPursuit(n_nonzero_coefs=count, fit_intercept=False).fit(x, y).coef_
        new = set(np.flatnonzero(weights)) - set(picks)
        assert len(new) == 1
        picks.append(new.pop())
    return picks


@pytest.mark.parametrize("block", range(4))
def test_picks_what_scikit_learn_picks_step_by_step(block):
    for seed in range(block * 50, block * 50 + 50):
        x, y = problem(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            expected = picks_of_sklearn(x, y, 6)
        assert orthogonal_matching_pursuit(x, y, 6) == expected, seed
        assert sequential_attention(x, y, 6) == expected, seed


def brute_force_group(x, y, k, groups):
    """Residuals from the projection matrix itself."""
    groups, picked = np.asarray(groups), []
    for _ in range(k):
        own = x[:, np.isin(groups, picked)]
        residual = y - own @ np.linalg.pinv(own) @ y
        scores = {g: np.sqrt(sum((x[:, j] @ residual) ** 2 for j in np.flatnonzero(groups == g))) for g in set(groups.tolist())}
        picked.append(max((g for g in scores if g not in picked), key=scores.__getitem__))
    return picked


@pytest.mark.parametrize("seed", range(20))
def test_picks_groups_of_unequal_sizes_as_the_projection_says(seed):
    groups = [0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 6]
    x, y = problem(seed)
    expected = brute_force_group(x, y, 5, groups)
    assert orthogonal_matching_pursuit(x, y, 5, groups) == expected
    assert sequential_attention(x, y, 5, groups) == expected


def test_group_of_two_beats_a_larger_single_column():
    x = np.eye(3)
    y = np.array([3.0, 3.0, 4.0])  # norms: group 0 has sqrt(18) = 4.24, group 1 has 4
    assert orthogonal_matching_pursuit(x, y, 2, [0, 0, 1]) == [0, 1]
    assert orthogonal_matching_pursuit(x, y, 1) == [2]


def test_minimum_is_that_of_the_lasso():
    x, y = problem(2)
    attention, weights = minimise(x, y, [], 30.0)
    expected = Lasso(alpha=30.0 / (2 * len(y)), fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, y).coef_
    np.testing.assert_allclose(attention * weights[:, 0], expected, atol=1e-6)
    np.testing.assert_allclose(attention, np.abs(weights[:, 0]), atol=1e-9)  # the factors share the product evenly


def test_minimum_leaves_picked_columns_unpenalised():
    x, y = problem(4)
    attention, weights = minimise(x, y, [3, 7], 1e6)
    assert attention[[3, 7]].tolist() == [1.0, 1.0]
    assert np.count_nonzero(attention) == 2
    np.testing.assert_allclose(weights[[3, 7], 0], np.linalg.lstsq(x[:, [3, 7]], y, rcond=None)[0], atol=1e-9)


def test_minimum_of_groups_has_no_descent_around_it():
    x, y = problem(6)
    groups = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 6])
    attention, weights = minimise(x, y, [1], 20.0, groups.tolist())

    def objective(w, b):
        free = groups == 1
        loss = ((x @ (w[groups] * b) - y) ** 2).sum()
        return loss + 10.0 * ((w[np.arange(7) != 1] ** 2).sum() + (b[~free] ** 2).sum())

    rng, best = np.random.default_rng(0), objective(attention, weights[:, 0])
    for _ in range(300):
        near = objective(attention + 1e-3 * rng.normal(size=7), weights[:, 0] + 1e-3 * rng.normal(size=15))
        assert near >= best - 1e-9


def test_several_targets_share_their_picks():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6))
    y = np.stack([3 * x[:, 4], 2 * x[:, 1]], axis=1)
    assert orthogonal_matching_pursuit(x, y, 2) == [4, 1]
    assert sequential_attention(x, y, 2) == [4, 1]


def test_dependent_columns_do_not_break_the_projection():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 4))
    x[:, 3] = x[:, 0]
    assert orthogonal_matching_pursuit(x, 5 * x[:, 0] + x[:, 1], 3)[:2] == [0, 1]


@pytest.mark.parametrize(("k", "groups", "message"), [(4, None, "k = 4 is more than the 3"), (1, [0, 1], "shapes")])
def test_bad_input(k, groups, message):
    with pytest.raises(ValueError, match=message):
        orthogonal_matching_pursuit(np.eye(3), np.ones(3), k, groups)

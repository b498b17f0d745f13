"""Columns of a matrix chosen and judged."""

import numpy as np
import pytest

from models.paper.dense import DenseTraining, Scaling, fit, predict, select_columns

QUICK = DenseTraining(hidden=16, epochs=5, min_steps=400, batch_size=64)
PLANTED = {3, 11, 17}


def planted(rows=800, columns=30, seed=0):
    """Four classes from the signs of two columns, and which of two halves from a third: the rest is noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)).astype(np.float32)
    return x, 2 * (x[:, 3] > 0) + (x[:, 11] + x[:, 17] > 0)


@pytest.mark.parametrize("method", ["sequential_attention", "l1_gate", "lly"])
def test_finds_the_planted_columns(method):
    x, y = planted()
    columns = select_columns(x, y, 3, method, QUICK)
    assert set(columns) == PLANTED
    assert select_columns(x, y, 3, method, QUICK) == columns  # the same seed, the same columns


@pytest.mark.parametrize(("k", "per_round"), [(7, 3), (6, 3), (1, 1), (30, 7)])
def test_picks_exactly_k_whatever_a_round_takes(k, per_round):
    columns = select_columns(*planted(200), k, training=QUICK, picks_per_round=per_round)
    assert len(columns) == len(set(columns)) == k


def test_float_targets_are_regressed():
    x, _ = planted()
    y = (2 * x[:, 5] - x[:, 9]).astype(np.float32)
    assert select_columns(x, y, 2, training=QUICK) == [5, 9]
    network = fit(x[:, [5, 9]], y, DenseTraining(hidden=16, min_steps=1500, batch_size=64))
    assert np.mean((predict(network, x[:, [5, 9]]) - y) ** 2) < 0.05


def test_a_network_on_the_planted_columns_predicts_and_one_on_noise_does_not():
    x, y = planted(1600)
    chosen = sorted(PLANTED)
    network = fit(x[:800, chosen], y[:800], QUICK)
    assert (predict(network, x[800:, chosen]) == y[800:]).mean() > 0.9
    noise = fit(x[:800, 20:23], y[:800], QUICK)
    assert (predict(noise, x[800:, 20:23]) == y[800:]).mean() < 0.4


def test_scaling_learns_from_train_rows_alone():
    train = np.array([[1.0, 5.0, np.nan], [3.0, 5.0, 2.0], [np.nan, 5.0, 4.0]])
    scaling = Scaling.of(train)
    np.testing.assert_allclose(scaling(train), [[-1, 0, 0], [1, 0, -1], [0, 0, 1]])
    np.testing.assert_allclose(scaling(np.array([[4.0, 9.0, np.nan]])), [[2, 0, 0]])


@pytest.mark.parametrize(
    ("change", "k", "message"),
    [
        (lambda x, y: (x, y[:-1]), 3, r"y \[rows\]; they are \(200, 30\) and \(199,\)"),
        (lambda x, y: (np.where(np.arange(30) == 4, np.nan, x), y), 3, "row 0 of column 4 is nan"),
        (lambda x, y: (x, y), 31, "k = 31 of 30 columns"),
        (lambda x, y: (x, y), 0, "k = 0 of 30 columns"),
    ],
)
def test_bad_input(change, k, message):
    with pytest.raises(ValueError, match=message):
        select_columns(*change(*planted(200)), k, training=QUICK)


def test_unknown_method():
    with pytest.raises(ValueError, match="method 'magic' is not one of sequential_attention, group_lasso"):
        select_columns(*planted(200), 3, "magic", QUICK)

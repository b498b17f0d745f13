"""Consensus of rankings, by hand and against SciPy."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from models.consensus import consensus, spearman


def test_consensus_by_hand():
    found = consensus([[2, 0, 1], [2, 1, 0], [0, 2, 1]])
    assert found.order == [2, 0, 1]
    np.testing.assert_allclose(found.mean_rank, [1, 5 / 3, 1 / 3])
    np.testing.assert_allclose(found.frequency[2], [2 / 3, 1, 1])
    np.testing.assert_allclose(found.frequency[0], [1 / 3, 2 / 3, 1])
    assert found.spearman == pytest.approx((0.5 + 0.5 - 0.5) / 3)
    document = found.document(["x", "y", "z"])
    assert document["frequency"]["z"] == [0.667, 1.0, 1.0]
    assert list(document["mean_rank"]) == ["z", "x", "y"]


def test_a_candidate_that_some_miss_ranks_behind_what_they_hold():
    found = consensus([[0, 1], [0, 2]])
    assert found.order == [0, 1, 2]
    assert found.frequency[1].tolist() == [0, 0.5]


def test_spearman_is_that_of_scipy():
    rng = np.random.default_rng(0)
    ranks = np.stack([rng.permutation(20) for _ in range(2)]).astype(float)
    assert spearman(ranks) == pytest.approx(spearmanr(ranks[0], ranks[1]).statistic)
    assert spearman(ranks[:1]) == 1.0

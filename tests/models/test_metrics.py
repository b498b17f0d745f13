"""Figures against scikit-learn and a bootstrap made by hand."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.errors import DataError
from models.metrics import BLOCKS, Scores, block_draws, exact_auc, exact_quality, interval


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    labels = (rng.random(20_000) < 0.1).astype(np.float32)
    return rng.normal(size=20_000) + labels - 2.0, labels


def test_figures_are_those_of_scikit_learn(scored):
    logits, labels = scored
    probabilities = 1 / (1 + np.exp(-logits))
    scores = Scores()
    for part in np.array_split(np.arange(len(labels)), 7):
        scores.add(logits[part], labels[part])
    found, exact = scores.quality(), exact_quality(logits, labels)
    rate = labels.mean(dtype=np.float64)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    for quality, tolerance in ((found, 2e-6), (exact, 1e-12)):
        assert quality.auc == pytest.approx(roc_auc_score(labels, logits), abs=tolerance)
        assert quality.log_loss == pytest.approx(log_loss(labels, probabilities), abs=1e-9)
        assert quality.normalised_entropy == pytest.approx(quality.log_loss / entropy, abs=1e-9)
        assert quality.calibration == pytest.approx(probabilities.mean() / rate, abs=1e-9)


def test_equal_scores_count_half():
    assert exact_auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 1, 0, 1])) == 0.5
    assert exact_auc(np.array([1, 2, 2, 3]), np.array([0, 0, 1, 1])) == pytest.approx(0.875)
    with pytest.raises(DataError, match="both labels"):
        exact_auc(np.ones(3), np.ones(3))


def test_intervals_are_those_of_a_bootstrap_of_blocks(scored):
    logits, labels = scored
    scores = Scores()
    scores.add(logits, labels)
    draws = block_draws(50, seed=4)
    assert (draws.sum(1) == BLOCKS).all()
    found = scores.resampled(draws)
    for sample in (0, 7, 49):
        rows = np.concatenate([np.tile(np.arange(b, len(labels), BLOCKS), int(n)) for b, n in enumerate(draws[sample])])
        assert found["auc"][sample] == pytest.approx(roc_auc_score(labels[rows], logits[rows]), abs=5e-5)
        probabilities = 1 / (1 + np.exp(-logits[rows]))
        assert found["log_loss"][sample] == pytest.approx(log_loss(labels[rows], probabilities), abs=1e-9)
        assert found["calibration"][sample] == pytest.approx(probabilities.mean() / labels[rows].mean(), rel=1e-6)
    low, high = interval(found["auc"], 0.95)
    assert low < scores.quality().auc < high


def test_an_interval_covers_the_spread_of_the_auc(scored):
    """The standard error of a bootstrap of blocks is that of independent rows (Hanley and McNeil) within a fifth."""
    logits, labels = scored
    scores = Scores()
    scores.add(logits, labels)
    auc, positives = roc_auc_score(labels, logits), labels.sum()
    q1, q2, negatives = auc / (2 - auc), 2 * auc**2 / (1 + auc), len(labels) - labels.sum()
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    expected = np.sqrt(variance / (positives * negatives))
    assert scores.resampled(block_draws(1000))["auc"].std() == pytest.approx(expected, rel=0.2)


def test_scores_go_through_files(scored):
    scores = Scores()
    scores.add(*scored)
    assert Scores.from_bytes(scores.to_bytes()).quality() == scores.quality()


def test_a_score_that_is_not_a_number_names_its_row():
    scores = Scores()
    scores.add(np.zeros(5), np.ones(5))
    with pytest.raises(DataError, match="row 6"):
        scores.add(np.array([0.0, np.nan]), np.zeros(2))


def test_damaged_scores_name_their_file():
    with pytest.raises(DataError, match=r"runs/full-1\.npz: is damaged \(.*\); delete it and run the command again"):
        Scores.from_bytes(b"not a file", "runs/full-1.npz")

"""The figures of a proof, by hand and against the scores they are made of."""

import numpy as np
import pytest

from models.metrics import Scores
from pipeline.selection.proof_figures import ProofFigures


def scored(noise: float, seed: int) -> Scores:
    """Scores of 4,000 rows, the worse the more noise; the rows are the same for every seed."""
    labels = np.random.default_rng(0).integers(0, 2, 4000)
    scores = Scores()
    scores.add(2.0 * labels - 1 + noise * np.random.default_rng(seed).normal(size=4000), labels)
    return scores


@pytest.fixture(scope="module")
def figures():
    """Of a full model and one that is worse, each with two seeds."""
    scores = {"full": [scored(1.0, 1), scored(1.0, 2)], "pruned": [scored(2.0, 3), scored(2.0, 4)]}
    return ProofFigures(scores, 200, 0.95)


def test_means_and_differences_are_over_the_seeds(figures):
    full, pruned = figures.of("full"), figures.of("pruned")
    by_seed = [scores.quality().auc for scores in figures.scores["pruned"]]
    assert pruned["auc"].by_seed == by_seed
    assert pruned["auc"].mean == pytest.approx(np.mean(by_seed))
    assert pruned["auc"].difference == pytest.approx(pruned["auc"].mean - full["auc"].mean)
    assert pruned["auc"].difference < -0.1
    assert pruned["log_loss"].difference == pytest.approx(pruned["log_loss"].mean - full["log_loss"].mean)
    assert set(pruned) == {"auc", "log_loss", "normalised_entropy", "calibration"}


def test_intervals_hold_the_means_and_the_full_model_differs_from_itself_by_nothing(figures):
    for figure in figures.of("pruned").values():
        assert figure.interval[0] < figure.mean < figure.interval[1]
        assert figure.difference_interval[0] < figure.difference < figure.difference_interval[1]
    assert figures.of("full")["auc"].difference == 0.0
    assert figures.of("full")["auc"].difference_interval == (0.0, 0.0)

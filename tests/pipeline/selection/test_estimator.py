"""Quality of what is picked so far, against the same figures by hand."""

import numpy as np
import pytest
import tensorflow as tf

from models.gate import HARD, SOFT
from pipeline.selection.estimator import ESTIMATION_ROWS, EVALUATION_BATCH, Estimator


class Modes:
    """A gate that notes the modes it is set to."""

    def __init__(self):
        self.modes = []

    def set_mode(self, mode):
        self.modes.append(mode)


class Rows:
    """Batches of a column that is the logit, and of labels."""

    def __init__(self, rows):
        self.rows = rows
        rng = np.random.default_rng(0)
        self.logits, self.labels = rng.normal(size=rows).astype(np.float32), rng.integers(0, 2, rows).astype(np.float32)

    def ordered(self, batch_size):
        for start in range(0, self.rows, batch_size):
            part = slice(start, start + batch_size)
            yield {"values": self.logits[part, None]}, self.labels[part, None]


class Echo:
    """A model whose logit is its input."""

    def compiled_call(self, inputs):
        return tf.identity(inputs["values"])


def test_auc_and_log_loss_with_the_gate_closed():
    gate, rows = Modes(), Rows(500)
    estimate = Estimator(Echo(), gate, rows)()
    assert gate.modes == [HARD, SOFT]
    positive, negative = rows.logits[rows.labels == 1], rows.logits[rows.labels == 0]
    assert estimate.auc == pytest.approx((positive[:, None] > negative).mean(), abs=1e-6)
    chance = 1 / (1 + np.exp(-rows.logits.astype(float)))
    loss = -np.mean(np.where(rows.labels == 1, np.log(chance), np.log(1 - chance)))
    assert estimate.log_loss == pytest.approx(loss, abs=1e-6)


def test_of_many_rows_the_first_are_enough():
    estimator = Estimator(Echo(), Modes(), Rows(ESTIMATION_ROWS + 3 * EVALUATION_BATCH))
    assert sum(len(labels) for _, labels in estimator.batches) == ESTIMATION_ROWS


def test_without_validation_rows_there_is_none():
    assert Estimator(Echo(), Modes(), Rows(0))() is None

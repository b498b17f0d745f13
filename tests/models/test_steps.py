"""Steps of a model of one weight, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from features.errors import ConfigError
from models.steps import make_steps

X = np.array([[[1.0], [3.0]], [[2.0], [-2.0]], [[4.0], [0.0]]], np.float32)  # [batches, rows, columns]
Y = np.array([[[1.0], [0.0]], [[1.0], [1.0]], [[0.0], [0.0]]], np.float32)
RATE = 0.5


@pytest.fixture
def model():
    """Logit = w x, w from 0, plain gradient steps."""
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model(X[0])
    model.compile(tf.keras.optimizers.legacy.SGD(RATE))
    model.steps_per_execution = 4
    return model


def source(start, shard):
    return tf.data.Dataset.from_tensor_slices((X, Y)).skip(start).repeat()


def by_hand(batches, weights=None):
    """The losses of the batches and the weight after them."""
    w, losses = 0.0, []
    for x, y in batches:
        x, y = x.ravel(), y.ravel()
        share = np.ones(len(x)) if weights is None else weights
        losses.append(np.mean(share * (np.logaddexp(0, w * x) - w * x * y)))
        w -= RATE * np.mean(share * (1 / (1 + np.exp(-w * x)) - y) * x)
    return losses, w


def test_losses_and_weights_are_those_of_gradient_descent(model):
    losses, w = by_hand(zip(X, Y, strict=True))
    steps = make_steps(model, source, 0)
    assert steps.most == 4
    np.testing.assert_allclose([*steps(2), *steps(1)], losses, rtol=1e-6)
    assert losses[0] == pytest.approx(np.log(2))
    assert model.weights[0].numpy().item() == pytest.approx(w, rel=1e-6)


def test_a_later_start_begins_there_in_the_data(model):
    losses, w = by_hand([(X[2], Y[2])])
    np.testing.assert_allclose(make_steps(model, source, 2)(1), losses, rtol=1e-6)
    assert model.weights[0].numpy().item() == pytest.approx(w, rel=1e-6)


def test_weights_of_rows_scale_their_losses(model):
    weights = np.array([2.0, 0.0])
    losses, w = by_hand([(X[0], Y[0])], weights)
    data = tf.data.Dataset.from_tensors((X[0], Y[0], weights[:, None].astype(np.float32))).repeat()
    np.testing.assert_allclose(make_steps(model, data, 0)(1), losses, rtol=1e-6)
    assert model.weights[0].numpy().item() == pytest.approx(w, rel=1e-6)


def test_losses_of_layers_are_added(model):
    model.add(tf.keras.layers.ActivityRegularization(l2=0.0))
    model.layers[0].add_loss(lambda: tf.constant(0.25))
    assert make_steps(model, source, 0)(1)[0] == pytest.approx(np.log(2) + 0.25)


def test_a_dataset_that_stands_at_the_first_step_cannot_start_later(model):
    with pytest.raises(ConfigError, match="a start within the data, need a function that makes the dataset"):
        make_steps(model, source(0, (0, 1)), 1)

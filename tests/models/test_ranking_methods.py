"""Ranking methods on problems whose answer is known."""

import types

import numpy as np
import pytest
import tensorflow as tf

from features.config.selection import SelectionConfig
from models.ranking_context import RankingContext
from models.ranking_methods import METHODS

ROWS = 2000


def planted(rows=ROWS, seed=0):
    """Labels that column 2 decides, column 0 less so; columns 1 and 3 are noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4)).astype(np.float32)
    return x, (x[:, 2] + 0.5 * x[:, 0] > 0).astype(np.float32)[:, None]


class Linear(tf.keras.Model):
    """Columns, gated, and one weight each."""

    def __init__(self, gate, weights=None):
        super().__init__()
        self.gate, self.output_layer = gate, tf.keras.layers.Dense(1, use_bias=False)
        self.output_layer.build([None, 4])
        if weights is not None:
            self.output_layer.set_weights([np.array(weights, np.float32)[:, None]])

    table_variables = ()

    def embedding(self, inputs):
        return inputs["values"]

    def head(self, x):
        return self.output_layer(x)

    def call(self, inputs, training=None):
        x = self.embedding(inputs)
        return self.head(x if self.gate is None else self.gate(x))

    def compiled_call(self, inputs):
        return self(inputs)


def context(x, y, weights=None, trains=True, seed=1):
    """Four columns, each a candidate; with weights given, the model stays as it is."""

    def build(gate):
        tf.keras.utils.set_random_seed(seed)
        model = Linear(gate, weights)
        model({"values": tf.zeros([1, 4])})
        model.compile(tf.keras.optimizers.Adam(0.02), tf.keras.losses.BinaryCrossentropy(from_logits=True))
        return model

    def train(model, rounds, callbacks):
        if trains:
            data = tf.data.Dataset.from_tensor_slices(({"values": x}, y)).repeat().batch(100)
            model.fit(data, epochs=len(rounds), steps_per_epoch=rounds[0], callbacks=callbacks, verbose=0)

    batches = [({"values": x[at : at + 500]}, y[at : at + 500]) for at in range(0, len(x), 500)]
    return RankingContext(["a", "b", "c", "d"], [0, 1, 2, 3], {"values": np.arange(4)}, build, train, 300, batches, seed)


def test_config_names_the_methods():
    names = SelectionConfig.model_fields["method"].annotation.__args__
    assert set(names) == {"sequential_attention", *METHODS}


@pytest.mark.parametrize("method", [name for name in METHODS if name != "random"])
def test_planted_columns_come_first(method):
    ranking = METHODS[method](context(*planted()))
    assert [name for name, _ in ranking][:2] == ["c", "a"]
    assert {name for name, _ in ranking} == {"a", "b", "c", "d"}
    assert METHODS[method](context(*planted())) == ranking  # the same seed, the same scores


def test_random_is_a_seeded_order():
    x, y = planted(10)
    orders = {tuple(name for name, _ in METHODS["random"](context(x, y, seed=seed))) for seed in range(20)}
    assert len(orders) > 10
    assert METHODS["random"](context(x, y)) == METHODS["random"](context(x, y))


WEIGHTS = [0.5, 0.0, -2.0, 0.1]


def residual(x, y):
    return 1 / (1 + np.exp(-x @ np.array(WEIGHTS)[:, None])) - y  # dLoss/dlogit of each row


def test_gradient_is_the_mean_over_batches_of_the_gate_gradient():
    x, y = planted()
    per_row = residual(x, y) * x * WEIGHTS  # the gate of column i multiplies x_i w_i
    expected = np.abs(per_row.reshape(4, 500, 4).mean(1)).mean(0)
    found = dict(METHODS["gradient"](context(x, y, WEIGHTS, trains=False)))
    np.testing.assert_allclose([found[name] for name in "abcd"], expected, rtol=1e-4, atol=1e-9)


def test_taylor_is_the_mean_over_rows_of_the_change_to_the_mean():
    x, y = planted()
    expected = np.abs(residual(x, y) * WEIGHTS * (x.mean(0) - x)).mean(0)
    found = dict(METHODS["taylor"](context(x, y, WEIGHTS, trains=False)))
    np.testing.assert_allclose([found[name] for name in "abcd"], expected, rtol=1e-4, atol=1e-9)


def test_permutation_is_the_growth_of_the_loss():
    x, y = planted()

    def loss(values):
        z = values @ np.array(WEIGHTS)
        return np.mean(np.logaddexp(0, z) - z * y[:, 0])

    rng, expected = np.random.default_rng(1), []
    for column in range(4):
        shuffled = x.copy()
        shuffled[:, column] = x[rng.permutation(ROWS), column]
        expected.append(loss(shuffled) - loss(x))
    found = dict(METHODS["permutation"](context(x, y, WEIGHTS, trains=False)))
    np.testing.assert_allclose([found[name] for name in "abcd"], expected, atol=1e-5)
    assert found["b"] == 0.0


def test_omp_scores_tables_by_the_norm_of_their_gradient():
    """Two features of ids with tables of 1: the gradient of a row is the sum of the residuals of the rows that look it up."""
    ids = np.array([[0, 0], [0, 1], [1, 0], [1, 2]], np.int32)
    y = np.array([[1], [1], [0], [1]], np.float32)
    table = tf.Variable(tf.ones([5, 1]))
    model = types.SimpleNamespace(
        table_variables=[table],
        embedding=lambda inputs: tf.reshape(tf.nn.embedding_lookup(table, inputs["ids"] + [0, 2]), [-1, 2]),
        head=lambda x: tf.reduce_sum(x, axis=1, keepdims=True),
        loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
        gate=None,
    )

    def build(gate):
        gate.build([None, 2])
        model.gate = gate
        return model

    def train(model, rounds, callbacks):
        for epoch in range(len(rounds)):
            callbacks[0].on_epoch_begin(epoch)

    tables = [np.array([0, 0, 1, 1, 1])]
    held_out = [({"ids": ids[:3]}, y[:3]), ({"ids": ids[3:]}, y[3:])]
    context = RankingContext(["two", "three"], [0, 1], {"ids": np.array([0, 1])}, build, train, 10, held_out, 1, tables)
    ranking = METHODS["omp"](context)
    # Nothing picked: every logit 0, residuals -.5, -.5, .5, -.5. Rows: (-1, 0) of `two`, (0, -.5, -.5) of `three`.
    assert ranking[0] == ("two", pytest.approx(1.0))
    # With `two` every logit is 1: residuals s-1, s-1, s, s-1 and rows of `three` 2s-1, s-1, s-1.
    s = 1 / (1 + np.exp(-1.0))
    assert ranking[1] == ("three", pytest.approx(np.sqrt((2 * s - 1) ** 2 + 2 * (s - 1) ** 2)))

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import TrainingConfig
from features.private_apis import make_optimizer_variables
from models.optimizer import RowwiseAdagrad, compose, table_optimizer


def test_a_row_s_step_divides_by_the_root_of_its_squares():
    table = tf.Variable([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    optimizer = RowwiseAdagrad(0.1, epsilon=0.0)
    gradient = tf.IndexedSlices(tf.constant([[3.0, 4.0], [0.6, 0.8]]), tf.constant([0, 2]), [3, 2])
    optimizer.apply_gradients([(gradient, table)])
    optimizer.apply_gradients([(gradient, table)])
    # row 0: squares 25, then 50, over 16; row 2 has the same ratios
    steps = 0.1 * np.array([3.0, 4.0]) * 4 * (25**-0.5 + 50**-0.5)
    np.testing.assert_allclose(table, [1 - steps, [2, 2], 3 - steps], rtol=1e-6)
    np.testing.assert_allclose(optimizer.get_slot(table, "accumulator"), [[50 / 16], [0], [2 / 16]], rtol=1e-6)


@pytest.mark.parametrize("width", [1, 4, 16])
def test_rows_of_any_width_step_as_far(width):
    table = tf.Variable(tf.zeros([2, width]))
    gradient = np.random.default_rng(width).normal(size=[2, width]).astype(np.float32)
    RowwiseAdagrad(0.02).apply_gradients([(tf.constant(gradient), table)])
    np.testing.assert_allclose(np.linalg.norm(table, axis=1), [0.08, 0.08], rtol=1e-5)


def test_ids_looked_up_twice_count_once_with_the_sum_of_their_gradients():
    twice = tf.IndexedSlices(tf.constant([[1.0, 0.0], [2.0, 4.0]]), tf.constant([1, 1]), [3, 2])
    tables = [tf.Variable(tf.ones([3, 2])) for _ in range(2)]
    for table, gradient in zip(tables, (twice, tf.constant([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])), strict=True):
        RowwiseAdagrad(0.1).apply_gradients([(gradient, table)])
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-6)
    np.testing.assert_array_equal(tables[1].numpy()[[0, 2]], np.ones([2, 2]))


@pytest.mark.parametrize(("name", "initial"), [("rowwise_adagrad", 0.0), ("adagrad", 0.0), ("adam", 0.0)])
def test_slots_start_at_zero_and_are_made_before_the_first_step(name, initial):
    training = TrainingConfig(table_optimizer=name)
    table, weight, logits = tf.Variable(tf.ones([3, 2])), tf.Variable([1.0]), tf.Variable([0.0])
    optimizer = compose(training, lambda: [table], lambda: [logits], lambda: [weight], 1e-3)
    make_optimizer_variables(optimizer)
    before = len(optimizer.variables())
    assert all(np.all(variable.numpy() == initial) for variable in optimizer.variables())
    optimizer.apply_gradients([(tf.ones_like(one), one) for one in (table, weight, logits)])
    assert len(optimizer.variables()) == before
    assert type(table_optimizer(training)).__name__.lower() == name.replace("_", "")
    assert np.all(table.numpy() < 1)


def test_its_config_makes_it_again():
    again = RowwiseAdagrad.from_config(RowwiseAdagrad(0.3, epsilon=1e-7).get_config())
    assert again.get_config()["learning_rate"] == pytest.approx(0.3)
    assert again.epsilon == 1e-7

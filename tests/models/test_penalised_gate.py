"""Gates under a penalty, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from models.penalised_gate import PenalisedGate


def test_one_weight_a_candidate_and_the_l1_norm():
    gate = PenalisedGate([0, 0, 1], 0.1)
    np.testing.assert_array_equal(gate(tf.ones([1, 3])), [[1, 1, 1]])
    gate.scale.assign([0.5, -2.0])
    np.testing.assert_allclose(gate(tf.ones([1, 3])), [[0.5, 0.5, -2.0]])
    np.testing.assert_allclose(gate.losses[0], 0.1 * 2.5)
    np.testing.assert_allclose(gate.importance(), [0.5, 2.0])


def test_one_weight_a_column_and_the_group_lasso():
    gate = PenalisedGate([0, 0, 1], 0.1, by_column=True)
    gate.build([None, 3])
    gate.scale.assign([3.0, 4.0, -1.0])
    np.testing.assert_allclose(gate(tf.ones([1, 3])), [[3.0, 4.0, -1.0]])
    np.testing.assert_allclose(gate.losses[0], 0.1 * (np.sqrt(2) * 5 + 1), rtol=1e-6)
    np.testing.assert_allclose(gate.importance(), [5 / np.sqrt(2), 1.0], rtol=1e-6)


@pytest.mark.parametrize("by_column", [False, True])
def test_a_gate_of_zeros_has_finite_gradients(by_column):
    gate = PenalisedGate([0, 0, 1], 0.1, by_column)
    gate.build([None, 3])
    gate.scale.assign(tf.zeros_like(gate.scale))
    with tf.GradientTape() as tape:
        gate(tf.ones([1, 3]))
        loss = tf.add_n(gate.losses)
    assert np.isfinite(tape.gradient(loss, gate.scale)).all()


def test_its_config_makes_it_again():
    again = PenalisedGate.from_config(PenalisedGate([0, 2, 1], 0.3, by_column=True, name="gate").get_config())
    assert (again.owners, again.penalty, again.by_column, again.name) == ([0, 2, 1], 0.3, True, "gate")

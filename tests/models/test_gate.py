"""The gate: hand-computed values, state that only picks change, any inputs, and round trips through files."""

import numpy as np
import pytest
import tensorflow as tf

import features  # noqa: F401  (Keras 2)
from models.gate import HARD, OPEN, SOFT, SequentialAttention


def made(*args, **kwargs) -> SequentialAttention:
    gate = SequentialAttention(*args, **kwargs)
    gate(tf.ones([12, len(gate.candidates)]))
    return gate


def columns(gate) -> np.ndarray:
    return gate.weights_of_columns().numpy()


def test_gate_is_softmax_over_what_is_left_and_one_for_what_is_picked():
    gate = made([0, 0, 1, 2])
    gate.set_mode(SOFT)
    np.testing.assert_allclose(columns(gate), [1 / 3] * 4, rtol=1e-6)
    gate.logits.assign(np.log([1.0, 2.0, 5.0]))
    np.testing.assert_allclose(columns(gate), [0.125, 0.125, 0.25, 0.625], rtol=1e-6)
    gate.pick([2])
    np.testing.assert_allclose(columns(gate), [0.5, 0.5, 0.5, 1.0], rtol=1e-6)
    assert gate.logits.numpy().tolist() == [0, 0, 0]
    np.testing.assert_allclose(gate(tf.constant([[2.0, 4.0, 6.0, 8.0]])), [[1, 2, 3, 8]], rtol=1e-6)


def test_open_is_all_ones_and_hard_is_what_is_picked():
    gate = made([0, 1, 2])
    gate.set_mode(OPEN)
    assert columns(gate).tolist() == [1, 1, 1]
    gate.pick([1])
    gate.set_mode(HARD)
    assert columns(gate).tolist() == [0, 1, 0]


def test_chunks_open_one_after_another():
    gate = made([0, 0, 0, 0, 1], [0, 1, 2, 2, 0])  # a feature of widths 1, 2, 4 and one of width 1
    gate.set_mode(SOFT)
    np.testing.assert_allclose(columns(gate), [0.5, 0, 0, 0, 0.5])
    gate.pick([0])
    np.testing.assert_allclose(columns(gate), [1, 0.5, 0, 0, 0.5])
    gate.pick([0, 1])
    np.testing.assert_allclose(columns(gate), [1, 1, 1, 1, 1])  # the one candidate that is left has all of the softmax
    assert gate.frontier().tolist() == [True, False]
    gate.pick([0])
    assert not gate.frontier().any()
    assert np.isfinite(columns(gate)).all()
    with pytest.raises(ValueError, match="candidate 0 has no chunk left"):
        gate.pick([0])


def test_gradient_of_a_logit_is_that_of_the_softmax():
    gate = made([0, 1])
    gate.set_mode(SOFT)
    gate.logits.assign(np.log([1.0, 3.0]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(gate(tf.constant([[2.0, 10.0]])))
    # a = (1/4, 3/4); dloss/dl0 = a0 (x0 - sum a x) = 1/4 (2 - 8)
    np.testing.assert_allclose(tape.gradient(loss, gate.logits), [-1.5, 1.5], rtol=1e-5)


@pytest.mark.parametrize("structure", ["list", "dict"])
def test_lists_and_dicts_of_any_widths(structure):
    parts = {"b": tf.fill([2, 3], 2.0), "a": tf.fill([2, 5, 1], 4.0)}
    widths = {"b": 3, "a": 1}
    if structure == "list":
        parts, widths = list(parts.values()), list(widths.values())
    gate = SequentialAttention.over(widths)
    gate(parts)
    gate.set_mode(HARD)
    first = 1 if structure == "dict" else 0  # of tf.nest.flatten: dicts by sorted key
    gate.pick([first])
    out = gate(parts)
    b, a = (out["b"], out["a"]) if structure == "dict" else out
    assert b.shape == [2, 3]
    assert a.shape == [2, 5, 1]
    assert (b.numpy() == 2).all()
    assert (a.numpy() == 0).all()


def test_groups_are_one_candidate():
    gate = SequentialAttention.over({"a": 1, "b": 2, "c": 1}, groups={"a": "x", "b": "y", "c": "x"})
    assert gate.candidates == [0, 1, 1, 0]
    assert gate.size == 2


def test_columns_of_a_dense_matrix():
    gate = SequentialAttention.over([1] * 7000)
    assert gate(tf.ones([2, 7000])).shape == [2, 7000]
    with pytest.raises(ValueError, match=r"made for 2 columns, its input has 3"):
        SequentialAttention([0, 1])(tf.ones([1, 3]))
    with pytest.raises(ValueError, match="one value for each"):
        SequentialAttention([0, 1], [0])


def test_forward_passes_leave_the_state_alone(tmp_path):
    """Defect 3 of the public code: its evaluation moves the mask."""
    gate = SequentialAttention.over([2, 1])
    model = tf.keras.Sequential([gate, tf.keras.layers.Dense(1)])
    model.compile(tf.keras.optimizers.legacy.Adam(0.01), "mse")
    x, y = np.ones([16, 3], np.float32), np.ones([16, 1], np.float32)
    model.fit(x, y, verbose=0)
    gate.set_mode(SOFT)
    gate.pick([1])
    model.fit(x, y, epochs=3, verbose=0)
    before = [value.numpy().tolist() for value in gate.weights]
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    tf.saved_model.save(model, str(tmp_path / "saved"))
    assert [value.numpy().tolist() for value in gate.weights] == before
    again = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(again(x), model(x), rtol=1e-6)


def test_serialises_saves_and_loads(tmp_path):
    gate = SequentialAttention([0, 0, 1], [0, 1, 0], name="gate")
    model = tf.keras.Sequential([gate, tf.keras.layers.Dense(1)])
    model(tf.ones([1, 3]))
    gate.set_mode(SOFT)
    gate.pick([0])
    again = SequentialAttention.from_config(gate.get_config())
    assert (again.candidates, again.chunks, again.gate_count) == ([0, 0, 1], [0, 1, 0], None)
    model.save(str(tmp_path / "model.keras"))
    loaded = tf.keras.models.load_model(str(tmp_path / "model.keras"))
    assert loaded.layers[0].level.numpy().tolist() == [1, 0]
    np.testing.assert_allclose(loaded(tf.ones([2, 3])), model(tf.ones([2, 3])))


def test_members_each_gate_their_slice_of_a_training_batch():
    gate = made([0, 1, 1], gate_count=3)
    gate.set_mode(HARD)
    gate.pick([0], 0)
    gate.pick([1], 1)
    trained = gate(tf.ones([6, 3]), training=True).numpy()
    assert trained.tolist() == [[1, 0, 0]] * 2 + [[0, 1, 1]] * 2 + [[0, 0, 0]] * 2
    np.testing.assert_allclose(gate(tf.ones([1, 3])), [[1 / 3] * 3], rtol=1e-6)


def test_replicas_share_one_state():
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        gate = made([0, 1])
    gate.set_mode(SOFT)
    gate.pick([1])
    out = strategy.run(lambda: gate(tf.ones([1, 2])))
    np.testing.assert_allclose(strategy.experimental_local_results(out)[0], [[1, 1]])


def test_works_in_half_precision():
    gate = SequentialAttention([0, 1], dtype="mixed_bfloat16")
    assert gate(tf.ones([1, 2], tf.bfloat16)).dtype == tf.bfloat16
    assert gate.logits.dtype == tf.float32

"""Picks: exactly as many as asked, at the end of rounds, reproducible, with the gate's optimizer slots reset."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

import features  # noqa: F401
from models.gate import OPEN, SequentialAttention
from models.picks import Picks, reset_slots
from models.schedule import Schedule

RELEVANT = 2


def data(rows: int = 2048, columns: int = 8, seed: int = 0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=[rows, columns]).astype(np.float32)
    return x, (3 * x[:, RELEVANT] + x[:, 5] + 0.1 * rng.normal(size=rows) > 0).astype(np.float32)


def search(
    picks: int,
    per_round: int = 1,
    warmup: float = 0.1,
    seed: int = 3,
    legacy: bool = True,
    gate_count=None,
    standing_carryover=0.0,
):
    tf.keras.utils.set_random_seed(seed)
    x, y = data()
    gate = SequentialAttention.over([1] * x.shape[1], gate_count=gate_count)
    model = tf.keras.Sequential([gate, tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(1)])
    adam = tf.keras.optimizers.legacy.Adam if legacy else tf.keras.optimizers.Adam
    model.compile(adam(0.01), tf.keras.losses.BinaryCrossentropy(from_logits=True))
    schedule = Schedule.of(16 * 12, picks, per_round, warmup)
    seen = []
    callback = Picks(gate, schedule, picks, on_pick=lambda *found: seen.append(found), standing_carryover=standing_carryover)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(64)
    model.fit(batches, epochs=schedule.rounds, steps_per_epoch=schedule.steps_per_round, callbacks=[callback], verbose=0)
    return gate, seen, model


@pytest.mark.parametrize(("picks", "per_round"), [(3, 1), (6, 2), (7, 3)])
def test_exactly_as_many_picks_as_asked(picks, per_round):
    """Defect 1 of the public code: with several picks a step it selects too few (20 asked, 2 a step: 10 chosen)."""
    gate, seen, _ = search(picks, per_round)
    assert int(gate.level.numpy().sum()) == picks
    sizes = [len(found[1]) for found in seen]
    assert sizes == [per_round] * (picks // per_round) + [picks % per_round] * (picks % per_round > 0)
    assert len({pick for found in seen for pick in found[1]}) == picks


@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_first_pick_is_learnt_not_random(warmup):
    """Defect 2: the public code picks at the start of each part, first from logits that never had a gradient."""
    _, seen, _ = search(2, warmup=warmup)
    assert seen[0][1] == [RELEVANT]
    assert seen[0][3][RELEVANT] > 1 / 8  # its attention has grown


def test_no_pick_and_open_gates_while_warming_up():
    gate = SequentialAttention.over([1, 1])
    gate(tf.ones([1, 2]))
    callback = Picks(gate, Schedule((5,) * 3, 2), 1)
    callback.set_model(tf.keras.Sequential())
    callback.on_train_begin()
    callback.on_epoch_end(0)
    assert int(gate.mode) == OPEN
    assert not gate.level.numpy().any()


def test_same_seed_same_picks():
    """Defect 3's other half: nothing is drawn in a pick, so runs repeat."""
    first, second = search(6, seed=1), search(6, seed=1)
    assert [found[1] for found in first[1]] == [found[1] for found in second[1]]
    np.testing.assert_array_equal(first[1][-1][3], second[1][-1][3])


@pytest.mark.parametrize("legacy", [True, False])
def test_slots_of_the_logits_start_anew_and_others_go_on(legacy):
    _, _, model = search(3, legacy=legacy)
    variables = model.optimizer.variables
    variables = variables() if callable(variables) else variables
    own = [v for v in variables if "logits" in v.name]
    assert len(own) == 2
    assert not any(v.numpy().any() for v in own)
    assert any(v.numpy().any() for v in variables if "kernel" in v.name and "dense" in v.name)


def test_an_optimizer_of_the_gate_alone_counts_its_steps_anew():
    logits, kernel = tf.Variable([1.0]), tf.Variable([1.0])
    adam = tf.keras.optimizers.legacy.Adam
    parts = [(adam(0.1), lambda: [logits]), (adam(0.1), lambda: [kernel])]
    optimizer = tfrs.experimental.optimizers.CompositeOptimizer(parts)
    optimizer.apply_gradients([(tf.constant([1.0]), logits), (tf.constant([1.0]), kernel)])
    reset_slots(optimizer, logits)
    assert [int(part.iterations) for part in optimizer.optimizers] == [0, 1]
    assert optimizer.optimizers[1].get_slot(kernel, "m").numpy() == pytest.approx(0.1)


def test_members_pick_for_themselves():
    gate, seen, _ = search(4, gate_count=4)
    assert gate.level.numpy().sum(1).tolist() == [4] * 4
    assert [len(own) for own in seen[0][1]] == [1] * 4
    first = [own[0] for own in seen[0][1]]
    assert first.count(RELEVANT) == 4


def test_carry_keeps_the_order_of_what_matters():
    _, seen, _ = search(8, standing_carryover=0.8)
    assert seen[0][1] == [RELEVANT]
    assert seen[1][1] == [5]

import errno
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import TrainingConfig
from features.errors import ConfigError, StoppedError, TrainingError
from models.build import build_model
from models.checkpoint import Checkpoints
from models.strategy import make_strategy
from models.training import evaluate, train
from tests.models.small_training import BATCH, ENCODINGS, WIDTHS, batch, checksum, data, made

ONE = TrainingConfig(strategy="one_device", batch_size=BATCH, table_learning_rate=0.1)


@pytest.fixture(scope="module")
def strategy():
    return make_strategy(ONE)


def kept(folder, minutes=0):
    return Checkpoints(str(folder), {"small": 1}, minutes, lambda _: None)


class Losses(tf.keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.by_round, self.batches = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.by_round.append(logs["loss"])

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)


class Signal(tf.keras.callbacks.Callback):
    """What a scheduler, or a person, sends after a step."""

    def __init__(self, step, number):
        super().__init__()
        self.step, self.number = step, number

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.step:
            os.kill(os.getpid(), self.number)


def test_an_interrupted_training_ends_with_the_same_weights(strategy, tmp_path):
    whole, seen = made(ONE, strategy)[0], Losses()
    train(whole, data, [20] * 2, [seen])
    assert seen.batches == [7, 15, 19, 27, 35, 39]

    for number, step in ((signal.SIGTERM, 16), (signal.SIGINT, 35 + 1)):
        with pytest.raises(StoppedError, match=f"after step {step}; run the same command again"):
            train(made(ONE, strategy)[0], data, [20] * 2, [Signal(step, number)], kept(tmp_path, 60))
    model, after = made(ONE, strategy)[0], Losses()
    train(model, data, [20] * 2, [after], kept(tmp_path, 60))
    assert after.batches == [39]
    assert after.by_round == seen.by_round[1:]
    assert checksum(model) == checksum(whole)


def test_rounds_of_unequal_length_end_where_they_should_and_go_on_within_one(strategy, tmp_path):
    rounds = (20, 11, 9)
    whole, seen = made(ONE, strategy)[0], Losses()
    train(whole, data, rounds, [seen])
    assert seen.batches == [7, 15, 19, 27, 30, 38, 39]  # eight at once, or what the round has left
    equal = made(ONE, strategy)[0]
    train(equal, data, [40])
    assert checksum(equal) == checksum(whole)  # the same steps however they are cut

    with pytest.raises(StoppedError, match="after step 28"):
        train(made(ONE, strategy)[0], data, rounds, [Signal(28, signal.SIGTERM)], kept(tmp_path, 60))
    model, after = made(ONE, strategy)[0], Losses()
    train(model, data, rounds, [after], kept(tmp_path, 60))
    assert after.batches == [30, 38, 39]
    assert after.by_round == seen.by_round[1:]
    assert checksum(model) == checksum(whole)


def test_a_finished_training_is_not_trained_on(strategy, tmp_path):
    first, second = made(ONE, strategy)[0], made(ONE, strategy)[0]
    train(first, data, [12], [], kept(tmp_path, 60))
    seen = Losses()
    train(second, data, [12], [seen], kept(tmp_path, 60))
    assert seen.batches == []
    assert checksum(first) == checksum(second)


def test_a_loss_that_is_no_number_names_its_step_and_keeps_the_checkpoint(strategy, tmp_path):
    def poisoned(start, shard):
        bad = tf.data.experimental.Counter(start)
        return tf.data.Dataset.zip((data(start, shard), bad)).map(
            lambda example, step: (example[0] | {"values": example[0]["values"] / tf.cast(step != 19, tf.float32)}, example[1])
        )

    with pytest.raises(TrainingError, match=r"the loss became nan at step 20 \(batch 4 of round 2\); lower"):
        train(made(ONE, strategy)[0], poisoned, [16] * 2, [], kept(tmp_path))
    assert max(path.name for path in tmp_path.iterdir()) == "step-000000000016"


def test_memory_that_does_not_suffice_names_the_tables(strategy, monkeypatch):
    def full(model, data, start):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")

    monkeypatch.setattr("models.training.make_steps", full)
    with pytest.raises(TrainingError, match=r"out of device memory after step 0; tables: 100 x 4 \(1.6 KiB\)"):
        train(made(ONE, strategy)[0], data, [8])


def test_a_disk_that_is_full_is_not_taken_for_memory(strategy, monkeypatch):
    def full(model, data, start):
        raise tf.errors.ResourceExhaustedError(None, None, "/work/x.tempstate1; No space left on device [Op:SaveV2]")

    monkeypatch.setattr("models.training.make_steps", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        train(made(ONE, strategy)[0], data, [8])
    assert raised.value.errno == errno.ENOSPC


def test_a_batch_that_does_not_divide_is_refused(strategy):
    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(ConfigError, match="batch_size of 64 is not divisible"):
        build_model(ENCODINGS, WIDTHS, None, ONE, Three(), 1)


def test_weights_of_examples_scale_their_loss(strategy):
    def weighted(start, shard):
        return data(start, shard).map(lambda inputs, label: (inputs, label, 3 * tf.ones_like(label)))

    plain, tripled = Losses(), Losses()
    train(made(ONE, strategy)[0], data, [1], [plain])
    train(made(ONE, strategy)[0], weighted, [1], [tripled])
    assert tripled.by_round[0] == pytest.approx(3 * plain.by_round[0], rel=1e-6)


@pytest.mark.parametrize("fast", [{"xla": True}, {"mixed_precision": True}], ids=["xla", "bfloat16"])
def test_fast_arithmetic_keeps_the_auc(strategy, fast):
    held = [batch(10_000 + n) for n in range(40)]
    aucs = []
    for training in (ONE, ONE.model_copy(update=fast)):
        model = made(training, strategy, gated=False)[0]
        train(model, data, [96])
        aucs.append(evaluate(model, held).quality().auc)
    assert aucs[0] > 0.9
    assert aucs[1] == pytest.approx(aucs[0], abs=5e-4 if "xla" in fast else 2e-3)
    assert tf.keras.mixed_precision.global_policy().name == "float32"
    assert np.isfinite(aucs).all()

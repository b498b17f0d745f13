"""A small search whose answer is known, which tests run in processes of their own.

Prints a line of JSON: the picks in order, the loss of each round, and a checksum of all variables.
"""

import hashlib
import json
import os
import signal
import sys

import numpy as np
import tensorflow as tf

from features.config.model import ModelConfig, TowerConfig, TrainingConfig
from features.encoding import Encoding
from models.build import build_model
from models.checkpoint import Checkpoints
from models.gate import SequentialAttention
from models.picks import Picks
from models.schedule import Schedule
from models.strategy import follows, make_strategy, serve
from models.table_layout import TableLayout
from models.training import train

ROWS, FEATURES, BATCH, PICKS = 20, 5, 64, 3
ENCODINGS = [Encoding(f"f{n}", ROWS) for n in range(FEATURES)] + [Encoding("v", 0, 2)]
WIDTHS = {encoding.name: encoding.width(4) for encoding in ENCODINGS}
WEIGHTS = (0.0, 3.0, 1.0, 2.0, 0.0)  # of the features' parity in the label: what there is to find, f1, f3, f2
SCHEDULE = Schedule((32,) * (1 + PICKS), 1)


def batch(step: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The global batch of a step."""
    rng = np.random.default_rng([7, step])
    ids = rng.integers(0, ROWS, (BATCH, FEATURES), dtype=np.int32)
    logit = (ids % 2 * 2 - 1) @ np.array(WEIGHTS)
    label = (rng.random(BATCH) < 1 / (1 + np.exp(-logit))).astype(np.float32)[:, None]
    return {"ids": ids, "values": rng.normal(size=(BATCH, 2)).astype(np.float32)}, label


def data(start: int, shard: tuple[int, int]) -> tf.data.Dataset:
    """Batches from a step on, of a part of each."""
    size = BATCH // shard[1]
    own = slice(shard[0] * size, (shard[0] + 1) * size)

    def batches():
        step = start
        while True:
            inputs, label = batch(step)
            yield {name: array[own] for name, array in inputs.items()}, label[own]
            step += 1

    inputs = {"ids": tf.TensorSpec([size, FEATURES], tf.int32), "values": tf.TensorSpec([size, 2])}
    return tf.data.Dataset.from_generator(batches, output_signature=(inputs, tf.TensorSpec([size, 1]))).prefetch(4)


def made(training: TrainingConfig, strategy: tf.distribute.Strategy, gated: bool = True, say=lambda _: None):
    """A fresh model and its gate."""
    names = [encoding.name for encoding in ENCODINGS]
    owners = [names.index(name) for name in TableLayout(ENCODINGS, WIDTHS).owners]
    gate = SequentialAttention(owners, name="gate") if gated else None
    network = ModelConfig(embedding_width=4, interaction="none", tower=TowerConfig(units=[8]))
    return build_model(ENCODINGS, WIDTHS, network, training, strategy, 1, gate, 0.01, 8, BATCH, say), gate


def checksum(model) -> str:
    """Of all variables of a model and its optimizer."""
    arrays = [variable.numpy().tobytes() for variable in [*model.variables, *model.optimizer.variables()]]
    return hashlib.sha256(b"".join(arrays)).hexdigest()


def two_devices() -> None:
    """Makes two devices of the CPU."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


class Dying(tf.keras.callbacks.Callback):
    """Kills a process, without a word, once a step is made."""

    def __init__(self, step: int, process: int) -> None:
        super().__init__()
        self.step, self.process = step, process

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        if batch + 1 >= self.step and self.process:
            os.kill(self.process, signal.SIGKILL)
            self.process = 0


def main(asked: dict) -> None:
    training = TrainingConfig(
        strategy=asked.get("strategy", "one_device"), batch_size=BATCH, table_learning_rate=0.1, worker_minutes=1
    )
    if "minutes" in asked:
        training = training.model_copy(update={"worker_minutes": asked["minutes"]})
    if serve(training):
        return
    if training.strategy == "mirrored":
        two_devices()
    model, gate = made(training, make_strategy(training), say=lambda line: print(line, file=sys.stderr))
    order: list[int] = []
    losses: list[float] = []

    def on_pick(number, picks, scores, attention, logs) -> None:
        order.extend(picks)
        losses.append(round(logs["loss"], 4))

    picks = Picks(gate, SCHEDULE, PICKS, on_pick=on_pick)
    callbacks = [picks]
    if asked.get("die_at"):
        callbacks.append(Dying(asked["die_at"], asked.get("process", os.getpid())))
    kept = None
    if asked.get("folder"):

        def recall(memory) -> None:
            order[:], losses[:], picks.left = memory

        remember = lambda: [order, losses, picks.left]  # noqa: E731
        say = lambda line: print(line, file=sys.stderr)  # noqa: E731
        kept = Checkpoints(asked["folder"], {"small": 1}, 0, say, remember, recall, not follows(training))
    train(model, data, SCHEDULE.round_steps, callbacks, kept)
    found = {"order": order, "losses": losses, "level": gate.level.numpy().tolist(), "checksum": checksum(model)}
    if training.strategy == "mirrored":
        found["levels"] = [one.numpy().tolist() for one in model.distribute_strategy.experimental_local_results(gate.level)]
    print(json.dumps(found))

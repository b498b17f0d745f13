"""A small training with block sparsity, which tests run in processes of their own.

Prints a line of JSON: the masks, each replica's where there are two, the blocks there were in each round, and a checksum of all
variables.
"""

import json
import os
import sys

import tensorflow as tf

from features.config.model import BlockSparsityConfig, ModelConfig, TowerConfig, TrainingConfig
from models.build import build_model
from models.checkpoint import Checkpoints
from models.sparsity.masks import BlockMasks
from models.sparsity.phases import Phases
from models.strategy import make_strategy
from models.tower import sparse_layers
from models.training import train
from tests.models.small_training import BATCH, ENCODINGS, WIDTHS, Dying, checksum, data

PHASES = Phases.of(steps=160, rounds=20)  # 8 steps each: 4 rounds dense, 10 in which blocks go, 6 sparse
NETWORK = ModelConfig(
    embedding_width=4,
    interaction="none",
    tower=TowerConfig(units=[20, 8], block_sparsity=BlockSparsityConfig(block=2, sparsity=0.9)),
)


class Counted(tf.keras.callbacks.Callback):
    """Counts the blocks at each round's end."""

    def __init__(self, layer) -> None:
        super().__init__()
        self.layer, self.counts = layer, []

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.counts.append(int(self.layer.mask.numpy().sum()))


def main(asked: dict) -> None:
    training = TrainingConfig(strategy=asked.get("strategy", "one_device"), batch_size=BATCH, table_learning_rate=0.1)
    if training.strategy == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    model = build_model(ENCODINGS, WIDTHS, NETWORK, training, make_strategy(training), 1, steps_per_execution=8)
    layers = [layer for layer in sparse_layers(model) if layer.prunable]
    counted = Counted(layers[0])
    callbacks = [BlockMasks(layers, PHASES), counted]
    if asked.get("die_at"):
        callbacks.append(Dying(asked["die_at"], os.getpid()))
    say = lambda line: print(line, file=sys.stderr)  # noqa: E731
    kept = Checkpoints(asked["folder"], {"small": 1}, 0, say) if asked.get("folder") else None
    train(model, data, [PHASES.steps_per_round] * PHASES.rounds, callbacks, kept)
    masks = model.distribute_strategy.experimental_local_results(layers[0].mask)
    found = {"masks": [mask.numpy().tolist() for mask in masks], "counts": counted.counts, "checksum": checksum(model)}
    print(json.dumps(found))

"""Examples per second of training on a CPU: the gate's cost, a plain Keras model beside ours, and input from Parquet.

    python benchmarks/train.py [--work FOLDER]      (about two minutes; FOLDER/transformed: KuaiRand after `winnow preprocess`)

Rows that are compared take turns of 32 steps and their medians are given, so that what else the machine does falls on all of
them; CPU time is of all threads.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import features  # noqa: F401, I001 (selects Keras 2)
import numpy as np
import tensorflow as tf

from features.config.model import ModelConfig, TowerConfig, TrainingConfig
from features.encoding import Encoding
from models.table_layout import TableLayout
from models.gate import SOFT, SequentialAttention
from models.steps import make_steps
from models.strategy import make_strategy
from models.build import build_model

TURNS, FEATURES, ROWS, WIDTH = 9, 26, 100_000, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default="work/kuairand", help="the work folder of configs/kuairand.yaml")
    parser.add_argument("--batch", type=int, nargs="+", default=[256, 1024], help="of the KuaiRand model")
    parser.add_argument("--only", choices=["tables", "gradients", "job"])
    asked = parser.parse_args()
    if asked.only in (None, "tables"):
        for batch in (1024, 4096):
            tables(batch)
    if asked.only in (None, "gradients"):
        gradients()
    if asked.only in (None, "job") and Path(asked.work, "transformed").exists():
        for batch in asked.batch:
            job(asked.work, batch)


def tables(batch: int) -> None:
    """26 tables of 100,000 ids, 16 wide, under one dense layer: an Embedding layer per feature and Keras' Adagrad, and ours."""
    encodings = [Encoding(f"c{n}", ROWS) for n in range(FEATURES)]
    ids, label = _skewed(np.full(FEATURES, ROWS), 16 * batch), _labels(16 * batch)
    network = ModelConfig(embedding_width=WIDTH, interaction="none", tower=TowerConfig(units=[64]))
    arms = {
        "plain Keras, an Embedding per feature, Adagrad": _plain(ids, label, batch),
        "Winnow": _ours(encodings, network, ids, label, batch, gated=False),
        "Winnow with the gate": _ours(encodings, network, ids, label, batch, gated=True),
    }
    show(f"26 tables of 100,000 x 16, batch {batch}", arms, batch)


def gradients() -> None:
    """Sparse against dense gradients at several ratios of looked-up ids to rows of the table."""
    batch, network = 1024, ModelConfig(interaction="none", tower=TowerConfig(units=[32]))
    for share in (0.1, 0.25, 0.5, 1, 2, 4):
        rows = int(batch / share)
        encodings = [Encoding(f"c{n}", rows) for n in range(FEATURES)]
        ids, label = _skewed(np.full(FEATURES, rows), 8 * batch), _labels(8 * batch)
        arms = {
            f"{name} gradients": _ours(encodings, network, ids, label, batch, gated=False, dense=name == "dense")
            for name in ("sparse", "dense")
        }
        show(f"{share} looked-up ids a row of the table", arms, batch)


def job(work: str, batch: int) -> None:
    """The KuaiRand model with input from memory and from Parquet, with and without the gate."""
    from pipeline.dataset.reader import Reader
    from pipeline.dataset.transformed import Transformed

    data = Transformed(str(Path(work, "transformed")))
    encodings = [encoding for encoding in data.encodings if encoding.rows > 3 or not encoding.embedded]
    reader = Reader(data, "train", encodings)
    held = [next(batches) for batches in [reader.shuffled(batch, 1)] for _ in range(64)]
    inputs = {name: np.stack([example[0][name] for example in held]) for name in held[0][0]}
    memory = tf.data.Dataset.from_tensor_slices((inputs, np.stack([example[1] for example in held])))
    arms = {}
    for name, gated in (("without the gate", False), ("with the gate", True)):
        arms[f"memory, {name}"] = _steps(encodings, ModelConfig(), batch, memory.cache().repeat().prefetch(8), gated)
    arms["Parquet, with the gate"] = _steps(encodings, ModelConfig(), batch, reader.dataset(batch, 1), True)
    show(f"KuaiRand, {len(encodings)} features, batch {batch}", arms, batch)


def show(title: str, arms: dict[str, Callable[[int], Any]], batch: int) -> None:
    """Runs the arms in turns and prints their table; the last column is the speed over that of the first."""
    for arm in arms.values():
        arm(32)  # traces
    taken: dict[str, list[float]] = {name: [] for name in arms}
    worked = dict.fromkeys(arms, 0.0)
    for _ in range(TURNS):
        for name, arm in arms.items():
            started, before = time.perf_counter(), time.process_time()
            arm(32)
            taken[name].append((time.perf_counter() - started) / 32)
            worked[name] += (time.process_time() - before) / 32 / TURNS
    print(f"\n| {title} | examples/s | ms a step | CPU ms a step | speed over the first's |\n| --- | --- | --- | --- | --- |")
    first = np.array(next(iter(taken.values())))
    for name, seconds in taken.items():
        figures = f"{batch / np.median(seconds):,.0f} | {1000 * np.median(seconds):.2f} | {1000 * worked[name]:.2f}"
        print(f"| {name} | {figures} | {np.median(first / np.array(seconds)):.2f} |", flush=True)


def _ours(
    encodings: list[Encoding], network: ModelConfig, ids: Any, label: Any, batch: int, gated: bool, dense: bool | None = None
) -> Callable[[int], Any]:
    data = tf.data.Dataset.from_tensor_slices(({"ids": ids}, label)).batch(batch, drop_remainder=True).cache().repeat()
    return _steps(encodings, network, batch, data.prefetch(8), gated, dense)


def _steps(
    encodings: list[Encoding], network: ModelConfig, batch: int, data: Any, gated: bool, dense: bool | None = None
) -> Callable[[int], Any]:
    widths = {encoding.name: encoding.width(network.embedding_width) for encoding in encodings}
    names, owners = list(widths), TableLayout(encodings, widths).owners
    gate = SequentialAttention([names.index(owner) for owner in owners], name="gate") if gated else None
    training = TrainingConfig(strategy="one_device", batch_size=batch)
    model = build_model(encodings, widths, network, training, make_strategy(training), 1, gate)
    if dense is not None:
        model.embedding.dense = dense
    if gate is not None:
        gate.set_mode(SOFT)
    return make_steps(model, data, 0)


def _plain(ids: Any, label: Any, batch: int) -> Callable[[int], Any]:
    """What one writes first: a Keras model, an Embedding layer for each feature, `fit`."""
    inputs = [tf.keras.Input([], dtype=tf.int32, name=f"c{n}") for n in range(FEATURES)]
    x = tf.keras.layers.Concatenate()([tf.keras.layers.Embedding(ROWS, WIDTH)(one) for one in inputs])
    score = tf.keras.layers.Dense(1)(tf.keras.layers.Dense(64, activation="relu")(x))
    model = tf.keras.Model(inputs, score)
    loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adagrad(0.02), loss, steps_per_execution=32)
    columns = {f"c{n}": ids[:, n] for n in range(FEATURES)}
    data = tf.data.Dataset.from_tensor_slices((columns, label)).batch(batch, drop_remainder=True).cache().repeat().prefetch(8)
    batches, train = iter(data), model.make_train_function()
    return lambda count: train(batches)


def _skewed(rows: Any, count: int) -> Any:
    """Ids as in logs: the frequent ones are few."""
    return (rows * np.random.default_rng(0).random((count, len(rows))) ** 3).astype(np.int32)


def _labels(count: int) -> Any:
    return (np.random.default_rng(1).random((count, 1)) < 0.3).astype(np.float32)


if __name__ == "__main__":
    main()

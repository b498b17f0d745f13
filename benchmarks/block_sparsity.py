"""Block sparsity: quality by method, block and sparsity; bytes and latency of what is left.

    winnow preprocess configs/kuairand.yaml && python benchmarks/block_sparsity.py kuairand --data work/kuairand/transformed
    python benchmarks/block_sparsity.py mnist --sparsity 0.9
    python benchmarks/block_sparsity.py latency        (alone on the machine; `--gpu` for the tower at batch 65,536)

kuairand: 45 features, 10 wide, three layers of 400 of which the first is thinned, as on Criteo in Yasuda et al.,
SequentialAttention++, NeurIPS 2024; 2 epochs at batch 256; figures of the test rows. mnist: three convolutions and a layer of
128; all but the first convolution and the output are thinned. Every model of a table is trained the same way from the same
starts. A run of one seed takes 5 to 20 seconds on two cores; `--runs FILE` keeps them, and those it holds are not made again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import features  # noqa: F401  (selects Keras 2, before TensorFlow loads)

# isort: split

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from features.config.model import ModelConfig, TrainingConfig
from models.optimizer import compose
from models.ranking import RankingModel
from models.sparsity.block_sparse import BlockSparse
from models.sparsity.layers import BlockSparseConv2D, BlockSparseDense
from models.sparsity.masks import METHODS, BlockMasks
from models.sparsity.phases import Phases
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.serving.timing import latencies

DENSE = "dense"


class Task:
    """A network with block-sparse layers and its data; one compiled model serves all seeds and sparsities."""

    batch, epochs = 256, 2

    def __init__(self, inputs: dict[str, np.ndarray], labels: np.ndarray) -> None:
        self.inputs, self.labels = {name: tf.constant(array) for name, array in inputs.items()}, tf.constant(labels)
        self.steps = self.epochs * (len(labels) // self.batch)
        self.compiled = cache(lambda *of: self.build(1, *of))

    def build(self, seed: int, block: int, attention: bool, balanced: bool) -> Any:
        """A compiled model, its variables at the seed's start."""
        raise NotImplementedError

    def layers(self, model: Any) -> list[BlockSparse]:
        return [layer for layer in model.submodules if isinstance(layer, BlockSparse)]

    def measure(self, model: Any) -> dict[str, float]:
        raise NotImplementedError

    def batches(self, seed: int) -> tf.data.Dataset:
        def orders() -> Iterator[np.ndarray]:
            rng = np.random.default_rng(seed)
            while True:
                order = rng.permutation(len(self.labels))
                yield from order[: len(order) // self.batch * self.batch].reshape(-1, self.batch)

        rows = tf.data.Dataset.from_generator(orders, output_signature=tf.TensorSpec([self.batch], tf.int64))
        gather = lambda own: ({n: tf.gather(x, own) for n, x in self.inputs.items()}, tf.gather(self.labels, own))  # noqa: E731
        return rows.map(gather).prefetch(8)

    def run(self, method: str, block: int, sparsity: float, seed: int, balanced: bool, reset: bool) -> dict[str, float]:
        """Trains from the seed's start and measures."""
        of = (block, METHODS[method].attention if method != DENSE else False, balanced)
        model = self.compiled(*of)
        for variable, start in zip(model.variables, self.build(seed, *of).variables, strict=True):
            variable.assign(start)
        for variable in model.optimizer.variables():
            variable.assign(tf.zeros_like(variable))
        phases = METHODS[method].phases(self.steps) if method != DENSE else Phases.of(self.steps)
        callbacks = []
        if method != DENSE:
            for layer in self.layers(model):
                layer.sparsity = sparsity
            callbacks = [BlockMasks(self.layers(model), phases, method, seed, reset)]
        rounds, steps = phases.rounds, phases.steps_per_round
        model.fit(self.batches(seed), epochs=rounds, steps_per_epoch=steps, callbacks=callbacks, verbose=0, shuffle=False)
        return self.measure(model)


class KuaiRand(Task):
    """See the module."""

    blocks = (5, 10, 20)

    def __init__(self, folder: str) -> None:
        data = Transformed(folder)
        self.encodings = data.encodings
        self.widths = {encoding.name: encoding.width(10) for encoding in self.encodings}
        read = list(Reader(data, "train", self.encodings).ordered(8192))
        inputs = {name: np.concatenate([batch[0][name] for batch in read]) for name in read[0][0]}
        super().__init__(inputs, np.concatenate([batch[1] for batch in read]))
        self.test = list(Reader(data, "test", self.encodings).ordered(8192))

    def build(self, seed: int, block: int, attention: bool, balanced: bool) -> RankingModel:
        tf.keras.utils.set_random_seed(seed)
        model = RankingModel(self.encodings, self.widths, ModelConfig(embedding_width=10, interaction="none"))
        first = BlockSparseDense(400, block, 0.5, "relu", attention, balanced)
        dense = tf.keras.layers.Dense
        model.tower = tf.keras.Sequential([first, dense(400, "relu"), dense(400, "relu"), dense(1)])
        model({name: array[:2] for name, array in self.inputs.items()})
        optimizer = compose(TrainingConfig(), lambda: model.table_variables, list, lambda: model.network_variables, 0)
        model.compile(optimizer, tf.keras.losses.BinaryCrossentropy(from_logits=True), steps_per_execution=32)
        return model

    def measure(self, model: RankingModel) -> dict[str, float]:
        quality = evaluate(model, self.test).quality()
        return {"log_loss": quality.log_loss, "auc": quality.auc}


class Mnist(Task):
    """See the module."""

    batch, blocks = 128, (8, 16, 32)

    def __init__(self, folder: str) -> None:
        with np.load(Path(folder, "mnist", "mnist.npz")) as held:
            images = {name: held[name].reshape(-1, 28, 28, 1).astype(np.float32) / 255 for name in ("x_train", "x_test")}
            super().__init__({"image": images["x_train"]}, held["y_train"].astype(np.int64))
            self.test, self.answers = images["x_test"], held["y_test"]

    def build(self, seed: int, block: int, attention: bool, balanced: bool) -> tf.keras.Model:
        tf.keras.utils.set_random_seed(seed)
        own = {"block": block, "sparsity": 0.5, "activation": "relu", "attention": attention, "balanced": balanced}
        image = tf.keras.Input([28, 28, 1], name="image")
        x = tf.keras.layers.Conv2D(32, 5, 2, "same", activation="relu")(image)
        x = BlockSparseConv2D(64, 3, 2, **own)(x)
        x = BlockSparseConv2D(256, 3, 2, **own)(x)
        x = BlockSparseDense(128, apart=False, **own)(tf.keras.layers.Flatten()(x))
        model = tf.keras.Model(image, tf.keras.layers.Dense(10)(x))
        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(tf.keras.optimizers.legacy.Adam(1e-3), loss, steps_per_execution=32)
        return model

    def measure(self, model: tf.keras.Model) -> dict[str, float]:
        found = model.predict(self.test, batch_size=1000, verbose=0)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(self.answers, found)
        return {"log_loss": float(tf.reduce_mean(losses)), "accuracy": float((found.argmax(1) == self.answers).mean())}


TASKS = {"kuairand": KuaiRand, "mnist": Mnist}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=[*TASKS, "latency"])
    parser.add_argument("--data", help="transformed folder of KuaiRand, or the folder that holds mnist/")
    parser.add_argument("--methods", nargs="+", choices=[DENSE, *METHODS], default=[DENSE, *METHODS])
    parser.add_argument("--blocks", nargs="+", type=int)
    parser.add_argument("--sparsity", nargs="+", type=float, default=[0.9, 0.95, 0.99])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--balanced", action="store_true", help="also with as many input blocks for each block of outputs")
    parser.add_argument("--reset", action="store_true", help="also with the layers' optimizer slots reset between phases")
    parser.add_argument("--runs", type=Path, help="a file of JSON lines that keeps every run")
    parser.add_argument("--gpu", action="store_true", help="latency of a 1,248-1,024-512-256 tower at batch 65,536")
    parser.add_argument("--turns", type=int, default=30, help="calls of each that a latency is the median of")
    asked = parser.parse_args()
    if asked.task == "latency":
        latency(asked)
        return
    runs = quality(asked)
    table(asked, runs)


def quality(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """One run of each method, block, sparsity and seed."""
    task: Task = TASKS[asked.task](asked.data or os.environ.get("WINNOW_DATA", "../shared/data"))
    asked.blocks = asked.blocks or list(task.blocks)
    kept = asked.runs and asked.runs.exists()
    held = {tuple(run["of"]): run for run in map(json.loads, asked.runs.read_text().splitlines())} if kept else {}
    found = []
    cells = list(product(asked.blocks, asked.sparsity))
    ways = [(False, False), *[(True, False)] * asked.balanced, *[(False, True)] * asked.reset]
    for seed, (block, sparsity), method, way in product(range(1, asked.seeds + 1), cells, asked.methods, ways):
        if method == DENSE:
            block, sparsity, way = asked.blocks[0], 0.0, ways[0]
        of = (asked.task, method, block if sparsity else 0, sparsity, *way, seed)
        if of not in held:
            started = time.monotonic()
            figures = task.run(method, block, sparsity, seed, *way)
            held[of] = {"of": of, **figures, "seconds": round(time.monotonic() - started, 1)}
            print(json.dumps(held[of]), file=sys.stderr, flush=True)
            if asked.runs:
                with asked.runs.open("a") as file:
                    file.write(json.dumps(held[of]) + "\n")
        found.append(held[of])
    return list({tuple(run["of"]): run for run in found}.values())


def table(asked: argparse.Namespace, runs: list[dict[str, Any]]) -> None:
    """Mean and deviation over seeds, a line for each method, block and sparsity."""
    figures = [name for name in runs[0] if name not in ("of", "seconds")]
    rows = Table("block", "sparsity", "method", *figures, title=f"{asked.task}, {asked.seeds} seeds")
    for key in dict.fromkeys(tuple(run["of"][1:6]) for run in runs):
        own = [run for run in runs if tuple(run["of"][1:6]) == key]
        method, block, sparsity, *way = key
        method = ", ".join([method, *(name for name, on in zip(("balanced", "reset"), way, strict=True) if on)])
        values = [[run[figure] for run in own] for figure in figures]
        cells = [f"{np.mean(value):.4f} ± {np.std(value):.4f}" for value in values]
        rows.add_row(str(block or ""), f"{sparsity:.0%}" if sparsity else "", method, *cells)
    Console(width=100).print(rows)


def latency(asked: argparse.Namespace) -> None:
    """Bytes, and milliseconds of dense and compact layers in turn: median of as many calls each."""
    units, batches = ([1024, 512, 256], [65536]) if asked.gpu else ([1024], [1, 32, 1000])
    title = f"1,248 x {' x '.join(f'{n:,}' for n in units)}"
    rows = Table("block", "sparsity", "bytes", *(f"batch {batch:,}: dense, compact ms" for batch in batches), title=title)
    for block, sparsity in product(asked.blocks or [8, 16, 32], asked.sparsity):
        rows.add_row(str(block), f"{sparsity:.0%}", *_latency_row(units, batches, block, sparsity, asked.turns))
    Console(width=120).print(rows)


def _latency_row(units: list[int], batches: list[int], block: int, sparsity: float, turns: int) -> list[str]:
    layers = [BlockSparseDense(size, block, sparsity, "relu", False, balanced=True) for size in units]
    for place, layer in enumerate(layers):
        layer.build([None, [1248, *units][place]])
    BlockMasks(layers, Phases.of(3), "random").on_epoch_end(0)
    dense = tf.keras.Sequential([tf.keras.layers.Dense(size, "relu") for size in units])
    compact = tf.keras.Sequential([layer.compact() if layer.prunable else layer for layer in layers])
    # Summed up, so that waiting for the result does not copy all of it from a GPU.
    call = lambda model: tf.function(lambda x: tf.reduce_sum(model(x)), reduce_retracing=True)  # noqa: E731
    calls = {"dense": call(dense), "compact": call(compact)}
    cells = []
    for batch in batches:
        x = tf.random.normal([batch, 1248])
        found = latencies({name: (lambda call=call, x=x: call(x).numpy()) for name, call in calls.items()}, turns)
        fast = found["dense"]["p50"] / found["compact"]["p50"]
        cells.append(f"{found['dense']['p50'] / 1e3:.2f}, {found['compact']['p50'] / 1e3:.2f} ({fast:.2f}x)")
    size = [sum(4 * int(np.prod(weight.shape)) for weight in model.weights) for model in (compact, dense)]
    return [f"{size[0] / size[1]:.3f}x", *cells]


if __name__ == "__main__":
    main()

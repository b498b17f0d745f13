"""Dense, high-dimensional data: choosing columns of a matrix with a network of one hidden layer.

The setting of Yasuda et al., Sequential Attention for Feature Selection, ICLR 2023, section 5.1: one hidden layer of 67 ReLU
units; the quality of a choice is the test accuracy of a new network trained from scratch on the chosen columns alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.gate import SequentialAttention
from models.picks import Picks
from models.ranking_context import RankingContext
from models.ranking_methods import METHODS
from models.schedule import Schedule

Floats = npt.NDArray[np.floating]
Targets = npt.NDArray[np.integer] | Floats
# Rows over which methods take gradients: enough for their means, and little memory for any number of columns.
_GRADIENT_ROWS = 8192


@dataclass(frozen=True)
class DenseTraining:
    """How the networks of this module are trained.

    Attributes:
      hidden: units of the one hidden layer.
      epochs: passes over the rows.
      min_steps: optimizer steps there are at least; epochs are added for data of few rows.
      batch_size: rows a step, or all rows where there are fewer.
      learning_rate: of Adam, at the start; it falls to zero along a half cosine.
      gate_learning_rate: of the gate's own Adam, constant.
      warmup: share of a selection's rounds with all gates open.
      standing_carryover: how much of its standing a column takes into the next round, see
        `models.pick_rules.standings`; 0 is the paper's.
    """

    hidden: int = 67
    epochs: int = 20
    min_steps: int = 1000
    batch_size: int = 256
    learning_rate: float = 3e-3
    gate_learning_rate: float = 1e-2
    warmup: float = 0.1
    standing_carryover: float = 0.5

    def steps(self, rows: int) -> int:
        """Optimizer steps on so many rows."""
        return max(self.min_steps, self.epochs * max(1, rows // self.batch_size))


class DenseNetwork(tf.keras.Model):
    """Columns, gated, through one hidden layer to logits. Has the parts that a ranking method asks of a model."""

    def __init__(self, hidden: int, classes: int, gate: tf.keras.layers.Layer | None = None) -> None:
        super().__init__()
        self.gate = gate
        self.hidden = tf.keras.layers.Dense(hidden, "relu")
        self.output_layer = tf.keras.layers.Dense(classes)

    def embedding(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """The columns as they are."""
        return tf.cast(inputs["values"], tf.float32)

    def head(self, x: tf.Tensor) -> tf.Tensor:
        """The logits of (gated) columns, float32 [batch, classes]."""
        return self.output_layer(self.hidden(x))

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """See the class."""
        x = self.embedding(inputs)
        return self.head(x if self.gate is None else self.gate(x))


def select_columns(
    x: Floats,
    y: Targets,
    k: int,
    method: str = "sequential_attention",
    training: DenseTraining | None = None,
    seed: int = 1,
    picks_per_round: int = 1,
) -> list[int]:
    """Chooses k columns of a matrix.

    Args:
      x: [rows, columns], columns on one scale (see `Scaling`).
      y: [rows] integer classes counted from 0, or float targets.
      k: columns to choose.
      method: `sequential_attention` or a name in `models.ranking_methods.METHODS`.
      training: of the one network the search trains.
      seed: the same seed gives the same columns.
      picks_per_round: columns chosen at the end of each round of Sequential Attention.

    Returns:
      The columns, the best first.

    Raises:
      ValueError: shapes do not match, a value is missing, k is not between 1 and the columns there are, or no such method.

    Example:
      columns = select_columns(x, y, k=50)
      network = fit(x[:, columns], y)
    """
    training = training or DenseTraining()
    _check(x, y)
    if not 1 <= k <= x.shape[1]:
        raise ValueError(f"k = {k} of {x.shape[1]} columns")
    if method not in ("sequential_attention", *METHODS):
        raise ValueError(f"method {method!r} is not one of {', '.join(['sequential_attention', *METHODS])}")
    if method != "sequential_attention":
        ranking = METHODS[method](_ranking_context(x, y, training, seed))
        return [int(name) for name, _ in ranking[:k]]
    schedule = Schedule.of(training.steps(len(x)), k, picks_per_round, training.warmup)
    # Each column is a candidate of its own.
    gate = SequentialAttention(list(range(x.shape[1])))
    model = _builder(x, y, training, seed)(gate)
    picked: list[int] = []
    picks = Picks(
        gate,
        schedule,
        k,
        on_pick=lambda number, picks, *_: picked.extend(picks),
        standing_carryover=training.standing_carryover,
    )
    _train(x, y, training, seed, model, schedule.round_steps, [picks])
    return picked


def fit(x: Floats, y: Targets, training: DenseTraining | None = None, seed: int = 1) -> DenseNetwork:
    """Trains a network from scratch on all columns of x; arguments as of `select_columns`."""
    training = training or DenseTraining()
    _check(x, y)
    model = _builder(x, y, training, seed)(None)
    _train(x, y, training, seed, model, [training.steps(len(x))])
    return model


def predict(network: DenseNetwork, x: Floats) -> Targets:
    """Classes [rows] (or targets, of a network of float targets) for x [rows, columns]."""
    outputs = network({"values": tf.convert_to_tensor(x, tf.float32)}).numpy()
    return np.asarray(outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0])


@dataclass(frozen=True)
class Scaling:
    """Shifts and divides columns by what the train rows say, and fills missing values with their mean.

    Attributes:
      mean, deviation: float [columns] of the train rows; columns that do not vary become 0.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, x: Floats) -> Scaling:
        """Learns from train rows [rows, columns]; not-a-number is missing."""
        return cls(np.nanmean(x, axis=0), np.nanstd(x, axis=0))

    def __call__(self, x: Floats) -> npt.NDArray[np.float32]:
        """Scaled rows."""
        # Over infinity: a column that does not vary among the train rows must not blow up where others differ from it.
        scaled = (x - self.mean) / np.where(self.deviation > 0, self.deviation, np.inf)
        return np.nan_to_num(scaled, nan=0.0).astype(np.float32)


def _ranking_context(x: Floats, y: Targets, training: DenseTraining, seed: int) -> RankingContext:
    """What ranking methods build, train and look at: the network and rows of Sequential Attention's search."""
    columns = list(range(x.shape[1]))
    # Gradients are taken over train rows, as the rows that judge a choice are those of the test.
    held_out = [({"values": x[:_GRADIENT_ROWS]}, y[:_GRADIENT_ROWS])]
    return RankingContext(
        [str(column) for column in columns],
        columns,
        {"values": np.arange(x.shape[1])},
        _builder(x, y, training, seed),
        partial(_train, x, y, training, seed),
        training.steps(len(x)),
        held_out,
        seed,
    )


def _builder(
    x: Floats, y: Targets, training: DenseTraining, seed: int
) -> Callable[[tf.keras.layers.Layer | None], DenseNetwork]:
    classes = int(y.max()) + 1 if np.issubdtype(y.dtype, np.integer) else None
    adam, losses = tf.keras.optimizers.legacy.Adam, tf.keras.losses
    loss = losses.SparseCategoricalCrossentropy(from_logits=True) if classes else losses.MeanSquaredError()

    def build(gate: tf.keras.layers.Layer | None) -> DenseNetwork:
        tf.keras.utils.set_random_seed(seed)
        model = DenseNetwork(training.hidden, classes or 1, gate)
        model({"values": tf.zeros([1, x.shape[1]])})
        # The gate's rate stays: its logits start anew in every round, also in the last.
        rate = tf.keras.optimizers.schedules.CosineDecay(training.learning_rate, training.steps(len(x)))
        parts = [(adam(rate), lambda: model.hidden.trainable_variables + model.output_layer.trainable_variables)]
        if gate is not None:
            parts.append((adam(training.gate_learning_rate), lambda: gate.trainable_variables))
        model.compile(tfrs.experimental.optimizers.CompositeOptimizer(parts), loss, steps_per_execution=16)
        return model

    return build


def _train(
    x: Floats,
    y: Targets,
    training: DenseTraining,
    seed: int,
    model: DenseNetwork,
    rounds: Sequence[int],
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
) -> None:
    """Trains for rounds of equal length, as Keras' epochs are."""
    batches = _dataset(x, y, training.batch_size, seed)
    # The dataset shuffles by itself.
    model.fit(batches, epochs=len(rounds), steps_per_epoch=rounds[0], callbacks=list(callbacks), verbose=0, shuffle=False)


def _dataset(x: Floats, y: Targets, batch_size: int, seed: int) -> tf.data.Dataset:
    """Endless shuffled whole batches: each epoch an order of its own, rows gathered from one copy."""
    # One copy of the rows in TensorFlow; the generator hands over numbers of rows and no rows.
    size = min(batch_size, len(x))
    values, targets = tf.constant(x, tf.float32), tf.constant(y)

    def orders() -> Iterator[npt.NDArray[np.int64]]:
        rng = np.random.default_rng(seed)
        while True:
            order = rng.permutation(len(x))
            yield from (order[at : at + size] for at in range(0, len(x) - size + 1, size))

    rows = tf.data.Dataset.from_generator(orders, output_signature=tf.TensorSpec([size], tf.int64))
    return rows.map(lambda batch: ({"values": tf.gather(values, batch)}, tf.gather(targets, batch))).prefetch(8)


def _check(x: Floats, y: Targets) -> None:
    if np.ndim(x) != 2 or np.shape(y) != (len(x),):
        raise ValueError(f"x must be [rows, columns] and y [rows]; they are {np.shape(x)} and {np.shape(y)}")
    if not np.isfinite(x).all():
        # The first of them, as an example that one can look up.
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(f"row {row} of column {column} is {x[row, column]}; fill it first, with `Scaling` for one")

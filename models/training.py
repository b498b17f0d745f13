"""Builds, trains and scores ranking models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from features.config import Model, Training
from features.encoding import Encoding
from features.errors import DataError, WinnowError
from models.gate import OPEN, SOFT, SequentialAttention
from models.metrics import Scores
from models.optimizer import compose, reset
from models.ranking import RankingModel
from models.schedule import Schedule, frontier_scores, top

_STEPS_PER_EXECUTION = 32
Report = Callable[[int, str], None]


class TrainingError(WinnowError):
    """Training cannot go on; names the step."""


def build_model(
    encodings: Sequence[Encoding],
    widths: Mapping[str, int],
    model: Model,
    training: Training,
    strategy: tf.distribute.Strategy,
    seed: int,
    gate: SequentialAttention | None = None,
    gate_learning_rate: float = 1e-3,
    steps_per_execution: int = _STEPS_PER_EXECUTION,
) -> RankingModel:
    """A compiled model with all its variables made; the same seed gives the same start."""
    tf.keras.utils.set_random_seed(seed)
    with strategy.scope():
        made = RankingModel(encodings, widths, model, gate)
        made(example_inputs(encodings))
        optimizer = compose(
            training,
            lambda: made.table_variables,
            lambda: made.gate_variables,
            lambda: made.network_variables,
            gate_learning_rate,
        )
        loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        made.compile(optimizer, loss, steps_per_execution=steps_per_execution)
    return made


def example_inputs(encodings: Sequence[Encoding]) -> dict[str, tf.Tensor]:
    """A batch of one, all missing, of the shapes a model takes."""
    slots = sum(encoding.length for encoding in encodings if encoding.embedded)
    floats = sum(encoding.length for encoding in encodings if not encoding.embedded)
    inputs = {}
    if slots:
        inputs["ids"] = tf.ones([1, slots], tf.int32)
    if floats:
        inputs["values"] = tf.zeros([1, floats])
    if any(encoding.weighted for encoding in encodings):
        inputs["weights"] = tf.ones([1, slots])
    return inputs


def train(
    model: RankingModel,
    data: tf.data.Dataset,
    rounds: int,
    steps_per_round: int,
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
    first_round: int = 0,
) -> float:
    """Trains for rounds of equal length on an endless dataset that stands at the first round's first batch.

    Returns:
      Seconds spent, the first call's tracing included.

    Raises:
      TrainingError: the loss is not a number at the end of a round.
    """
    started = time.monotonic()
    model.fit(
        data,
        epochs=rounds,
        initial_epoch=first_round,
        steps_per_epoch=steps_per_round,
        callbacks=[FiniteLoss(steps_per_round), *callbacks],
        verbose=0,
        shuffle=False,
    )
    return time.monotonic() - started


def score(model: RankingModel, batches: Iterable[Any]) -> Scores:
    """Scores (inputs, label[, weight]) batches."""
    scores = Scores()
    for inputs, label, *_ in batches:
        tensors = {name: tf.convert_to_tensor(array) for name, array in inputs.items()}
        scores.add(model.compiled_call(tensors).numpy(), np.asarray(label))
    if not scores.rows:
        raise DataError("there are no rows to score")
    return scores


class FiniteLoss(tf.keras.callbacks.Callback):
    """Stops the training at the end of a round whose loss is not a number."""

    def __init__(self, steps_per_round: int) -> None:
        super().__init__()
        self.steps_per_round = steps_per_round

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Checks the round's mean loss."""
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            first, last = epoch * self.steps_per_round + 1, (epoch + 1) * self.steps_per_round
            raise TrainingError(
                f"training: the loss became {loss} between steps {first} and {last}; lower training.learning_rate or "
                "training.table_learning_rate, or look for extreme values in dense and `value` features"
            )


class Picks(tf.keras.callbacks.Callback):
    """Opens the gate for the warm-up and picks at the end of each later round.

    Picks are made on the host between two steps, from the one value that all replicas share.

    Args:
      gate: of the model that is trained.
      schedule: its rounds are the training's epochs.
      cost: [candidates] of each candidate's next step, for `beta`.
      beta: weight of the cost, see `frontier_scores`.
      limit: picks to make in all.
      on_pick: called with (round, picks, scores, attention) after each round's picks; round counts from 1.
    """

    def __init__(
        self,
        gate: SequentialAttention,
        schedule: Schedule,
        cost: Callable[[], Any],
        beta: float,
        limit: int,
        on_pick: Callable[[int, list[int], Any, Any, Mapping[str, float]], None],
    ) -> None:
        super().__init__()
        self.gate, self.schedule, self.cost, self.beta, self.on_pick = gate, schedule, cost, beta, on_pick
        self.left = limit

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts the warm-up, or the search where there is none."""
        self.gate.set_mode(OPEN if self.schedule.warmup_rounds else SOFT)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Ends the warm-up or makes the round's picks."""
        if epoch + 1 == self.schedule.warmup_rounds:
            self.gate.set_mode(SOFT)
        if epoch < self.schedule.warmup_rounds:
            return
        attention = self.gate.attention().numpy()
        scores = frontier_scores(self.gate.logits.numpy(), self.cost(), self.beta, self.gate.frontier())
        picks = top(scores, min(self.schedule.picks_per_round, self.left))
        self.left -= len(picks)
        self.gate.pick(picks)
        reset(self.model.optimizer.optimizers[-1])
        self.on_pick(epoch + 1 - self.schedule.warmup_rounds, picks, scores, attention, logs or {})

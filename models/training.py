"""Trains and evaluates ranking models."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import DataError, StoppedError
from models.checkpoint import Checkpoints
from models.memory import human
from models.metrics import Scores
from models.ranking import RankingModel
from models.steps import BatchSource, make_steps
from models.strategy import TrainingError, several_tasks


def train(
    model: RankingModel,
    data: BatchSource,
    rounds: int,
    steps_per_round: int,
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
    checkpoints: Checkpoints | None = None,
) -> float:
    """Trains for rounds of equal length; callbacks see each as an epoch, and batches numbered from the first round on.

    With checkpoints it goes on from the newest, and SIGTERM or Ctrl-C ends it at one. The order of the data is a function of
    the step, so that what was interrupted ends with the same weights as what was not.

    Returns:
      Seconds spent, tracing and those before an interruption included.

    Raises:
      TrainingError: a loss is not a number, a device's memory does not suffice, or a worker was lost; names it.
      StoppedError: by a signal, after a checkpoint.
    """
    seen = tf.keras.callbacks.CallbackList(list(callbacks), model=model)
    seen.on_train_begin()
    variables = [*model.variables, *model.optimizer.variables()]
    place = (checkpoints.restore(variables) if checkpoints else None) or {"step": 0, "loss": 0.0, "seconds": 0.0}
    started = time.monotonic() - place["seconds"]
    step, total = place["step"], place["loss"]
    with _signals(checkpoints is not None) as stop, _explained(model, place):
        steps = make_steps(model, data, step) if step < rounds * steps_per_round else None
        while steps is not None and step < rounds * steps_per_round:
            epoch, done = divmod(step, steps_per_round)
            if not done:
                seen.on_epoch_begin(epoch)
            seen.on_train_batch_begin(step)
            losses = steps(min(steps.most, steps_per_round - done))
            _check(losses, step, steps_per_round)
            step, total = step + len(losses), total + float(losses.sum(dtype=np.float64))
            seen.on_train_batch_end(step - 1, {"loss": float(losses.mean())})
            if step % steps_per_round == 0:
                seen.on_epoch_end(epoch, {"loss": total / steps_per_round})
                total = 0.0
            place.update(step=step, loss=total, seconds=time.monotonic() - started)
            last = step == rounds * steps_per_round
            if checkpoints is not None and (stop.is_set() or checkpoints.due or last):
                checkpoints.save(step, place, variables)
            if stop.is_set():
                raise StoppedError(f"training: stopped after step {step}; run the same command again to go on from there")
    seen.on_train_end()
    return time.monotonic() - started


def evaluate(model: RankingModel, batches: Iterable[Any]) -> Scores:
    """Scores (inputs, label[, weight]) batches.

    Raises:
      DataError: there are none, or the model scores a row as not a number.
    """
    scores = Scores()
    for inputs, label, *_ in batches:
        tensors = {name: tf.convert_to_tensor(array) for name, array in inputs.items()}
        scores.add(model.compiled_call(tensors).numpy(), np.asarray(label))
    if not scores.rows:
        raise DataError("there are no rows to score")
    return scores


@contextmanager
def _signals(caught: bool) -> Iterator[threading.Event]:
    """An event that SIGTERM or Ctrl-C sets; a second one ends the process as usual."""
    stop = threading.Event()

    def on_signal(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    caught = caught and threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)} if caught else {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _explained(model: RankingModel, place: Mapping[str, Any]) -> Iterator[None]:
    """TensorFlow's errors as ours."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        order = sorted(model.table_variables, key=lambda table: -int(np.prod(table.shape)))
        tables = ", ".join(f"{t.shape[0]:,} x {t.shape[1]} ({human(4 * int(np.prod(t.shape)))})" for t in order)
        raise TrainingError(
            f"training: out of device memory after step {place['step']}; tables: {tables}. Lower batch_size, "
            f"model.embedding_width or the vocabularies (max_size, hash_buckets). {_first_line(error)}"
        ) from None
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError) as error:
        if not several_tasks(model.distribute_strategy):
            raise
        raise TrainingError(
            f"training: lost a task of the cluster after step {place['step']}; start the job again on all of them, it goes on "
            f"from its newest checkpoint. {_first_line(error)}"
        ) from None


def _first_line(error: tf.errors.OpError) -> str:
    return str(error.message).splitlines()[0][:200]


def _check(losses: npt.NDArray[np.float32], step: int, steps_per_round: int) -> None:
    wrong = np.flatnonzero(~np.isfinite(losses))
    if len(wrong):
        at = step + int(wrong[0])
        raise TrainingError(
            f"training: the loss became {losses[wrong[0]]} at step {at + 1} (batch {at % steps_per_round + 1} of round "
            f"{at // steps_per_round + 1}); lower training.learning_rate or training.table_learning_rate, or look for extreme "
            "values in dense and `value` features. An earlier checkpoint, if there is one, is untouched"
        )

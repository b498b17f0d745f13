"""Trains and evaluates ranking models."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import DataError, StoppedError, TrainingError
from models.checkpoint import Checkpoints, Progress
from models.memory import human
from models.metrics import Scores
from models.ranking import RankingModel
from models.steps import BatchSource, Steps, make_steps
from models.strategy import several_tasks


def train(
    model: RankingModel,
    source: BatchSource,
    rounds: Sequence[int],
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
    checkpoints: Checkpoints | None = None,
) -> float:
    """Trains in rounds; callbacks see each as an epoch, and batches numbered from the first round on.

    With checkpoints it goes on from the newest, and SIGTERM or Ctrl-C ends it at one. The order of the data is a function of
    the step, so that what was interrupted ends with the same weights as what was not.

    Args:
      model: compiled, all its variables made.
      source: of the batches.
      rounds: optimizer steps of each round, each at least 1.
      callbacks: as Keras' `fit` takes them.
      checkpoints: where the training may be interrupted.

    Returns:
      Seconds spent, tracing and those before an interruption included.

    Raises:
      TrainingError: a loss is not a number, a device's memory does not suffice, or a worker was lost; names it.
      StoppedError: by a signal, after a checkpoint.
    """
    return _Loop(model, source, rounds, callbacks, checkpoints).run()


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


class _Loop:
    """One training; the arguments are those of `train`."""

    def __init__(
        self,
        model: RankingModel,
        source: BatchSource,
        rounds: Sequence[int],
        callbacks: Sequence[tf.keras.callbacks.Callback],
        checkpoints: Checkpoints | None,
    ) -> None:
        self.model, self.source, self.checkpoints = model, source, checkpoints
        self.rounds = list(rounds)
        self.ends = np.cumsum(self.rounds)  # step at which each round ends
        self.callbacks = tf.keras.callbacks.CallbackList(list(callbacks), model=model)
        # The optimizer's too: without its accumulators an interrupted training would take other steps.
        self.variables = [*model.variables, *model.optimizer.variables()]
        self.progress = Progress()

    def run(self) -> float:
        """Makes all steps that are left; returns the seconds spent."""
        self.callbacks.on_train_begin()
        if self.checkpoints is not None:
            self.progress = self.checkpoints.restore(self.variables) or self.progress
        # As if it had begun so many seconds ago that those before an interruption count.
        started, last = time.monotonic() - self.progress.seconds, sum(self.rounds)
        with _signals(self.checkpoints is not None) as stop, self._explained():
            steps = make_steps(self.model, self.source, self.progress.step) if self.progress.step < last else None
            while steps is not None and self.progress.step < last:
                step, loss = self._advance(steps)
                self.progress = Progress(step, loss, time.monotonic() - started)
                if self.checkpoints is not None and (stop.is_set() or self.checkpoints.due or step == last):
                    self.checkpoints.save(self.progress, self.variables)
                if stop.is_set():
                    raise StoppedError(f"training: stopped after step {step}; run the same command again to go on from there")
        self.callbacks.on_train_end()
        return time.monotonic() - started

    def _advance(self, steps: Steps) -> tuple[int, float]:
        """Makes as many steps at once as the round has left; returns the step reached and the round's sum of losses."""
        step = self.progress.step
        number = int(np.searchsorted(self.ends, step, side="right"))
        left = int(self.ends[number]) - step
        # A round that was interrupted has begun already, and its callbacks' state is in the checkpoint.
        if left == self.rounds[number]:
            self.callbacks.on_epoch_begin(number)
        self.callbacks.on_train_batch_begin(step)
        losses = steps(min(steps.most, left))
        # Before any callback sees them, and before a checkpoint could be written.
        self._check(losses, number)
        step, total = step + len(losses), self.progress.loss + float(losses.sum(dtype=np.float64))
        self.callbacks.on_train_batch_end(step - 1, {"loss": float(losses.mean())})
        if len(losses) < left:
            return step, total
        self.callbacks.on_epoch_end(number, {"loss": total / self.rounds[number]})
        return step, 0.0

    def _check(self, losses: npt.NDArray[np.float32], number: int) -> None:
        wrong = np.flatnonzero(~np.isfinite(losses))
        if len(wrong):
            step = self.progress.step + int(wrong[0])
            batch = step - (int(self.ends[number]) - self.rounds[number])
            raise TrainingError(
                f"training: the loss became {losses[wrong[0]]} at step {step + 1} (batch {batch + 1} of round {number + 1}); "
                "lower training.learning_rate or training.table_learning_rate, or look for extreme values in dense and `value` "
                "features. An earlier checkpoint, if there is one, is untouched"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """TensorFlow's errors as ours."""
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            full = os.strerror(errno.ENOSPC)
            if full in error.message:  # TensorFlow has one error for a full disk and for full memory
                raise OSError(errno.ENOSPC, full) from error
            tables = _sizes(self.model.table_variables)
            raise TrainingError(
                f"training: out of device memory after step {self.progress.step}; tables: {tables}. Lower batch_size, "
                f"model.embedding_width or the vocabularies (max_size, hash_buckets). {_first_line(error)}"
            ) from None
        except (
            tf.errors.UnavailableError,
            tf.errors.AbortedError,
            tf.errors.CancelledError,
            tf.errors.InternalError,
        ) as error:
            # On one machine these errors are TensorFlow's own faults, and their traceback is wanted.
            if not several_tasks(self.model.distribute_strategy):
                raise
            raise TrainingError(
                f"training: lost a task of the cluster after step {self.progress.step}; start the job again on all of them, it "
                f"goes on from its newest checkpoint. {_first_line(error)}"
            ) from None


@contextmanager
def _signals(caught: bool) -> Iterator[threading.Event]:
    """An event that SIGTERM or Ctrl-C sets; a second one ends the process as usual."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    # Python lets only the main thread set handlers of signals.
    caught = caught and threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)} if caught else {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sizes(tables: Sequence[tf.Variable]) -> str:
    """Shapes and bytes of tables in words, the largest first."""
    by_size = sorted(tables, key=lambda table: -int(np.prod(table.shape)))
    return ", ".join(f"{t.shape[0]:,} x {t.shape[1]} ({human(4 * int(np.prod(t.shape)))})" for t in by_size)


def _first_line(error: tf.errors.OpError) -> str:
    return str(error.message).splitlines()[0][:200]

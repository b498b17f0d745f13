"""The callback through which a training is watched: by the console, and by TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import tensorflow as tf

from pipeline.runtime.console import Tick
from pipeline.training.tensorboard import Events

_STEPS_APART = 100  # between two points of a curve
_MOST_CANDIDATES = 200  # whose attention is drawn: nobody reads a chart of more


class Watch(tf.keras.callbacks.Callback):
    """Reports loss and rows per second of a training as it goes.

    Args:
      tick: told how far it is.
      events: where curves over the optimizer steps are written.
      batch_size: rows of a step.
      steps_per_round: the unit of `tick`; 1 counts steps.
    """

    def __init__(self, tick: Tick, events: Events, batch_size: int, steps_per_round: int = 1) -> None:
        super().__init__()
        self.tick, self.events, self.batch_size, self.steps_per_round = tick, events, batch_size, steps_per_round
        self._begun: tuple[float, int] | None = None
        self._step = self._written = 0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes the speed from the second call on, as the first traces and compiles."""
        self._step, now = batch + 1, time.monotonic()
        self._begun = self._begun or (now, self._step)
        figures = dict(logs or {})
        if self._step > self._begun[1]:
            figures["rows_per_second"] = (self._step - self._begun[1]) * self.batch_size / (now - self._begun[0])
        self.tick(self._step / self.steps_per_round, "", **figures)
        if self._step - self._written >= _STEPS_APART:
            self._written = self._step
            self.events.write(self._step, figures)

    def picked(self, picks: Sequence[str], attention: Mapping[str, float], quality: Mapping[str, float] | None = None) -> None:
        """Writes a round's picks, the attention of the candidates, and the quality of what is picked so far."""
        shown = dict(list(attention.items())[:_MOST_CANDIDATES])
        self.events.write(self._step, {f"attention/{name}": share for name, share in shown.items()} | dict(quality or {}))
        self.events.say(self._step, "picks", picks)

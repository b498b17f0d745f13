"""The callback through which a training is watched: by the console, and by TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
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
      rounds: optimizer steps of each round, where `tick` counts rounds; left out, it counts steps.
    """

    def __init__(self, tick: Tick, events: Events, batch_size: int, rounds: Sequence[int] | None = None) -> None:
        super().__init__()
        self.tick, self.events, self.batch_size = tick, events, batch_size
        self._ends = np.cumsum([0, *rounds]) if rounds is not None else None  # step at which each round ends
        self._begun: tuple[float, int] | None = None
        self._step = self._written = 0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes the speed from the second call on, as the first traces and compiles."""
        self._step, now = batch + 1, time.monotonic()
        self._begun = self._begun or (now, self._step)
        figures = dict(logs or {})
        if self._step > self._begun[1]:
            figures["rows_per_second"] = (self._step - self._begun[1]) * self.batch_size / (now - self._begun[0])
        self.note("", **figures)
        if self._step - self._written >= _STEPS_APART:
            self._written = self._step
            self.events.write(self._step, figures)

    def note(self, text: str, **figures: float | None) -> None:
        """Tells how far the training is, with a text and figures as of `Tick`."""
        if self._ends is None:
            self.tick(self._step, text, **figures)
            return
        # Rounds that are over and the part of the one that goes on. The time they take is that of their steps.
        rounds = float(np.interp(self._step, self._ends, np.arange(len(self._ends))))
        self.tick(rounds, text, share=self._step / int(self._ends[-1]), **figures)

    def picked(self, picks: Sequence[str], attention: Mapping[str, float], quality: Mapping[str, float] | None = None) -> None:
        """Writes a round's picks, the attention of the candidates, and the quality of what is picked so far."""
        shown = dict(list(attention.items())[:_MOST_CANDIDATES])
        self.events.write(self._step, {f"attention/{name}": share for name, share in shown.items()} | dict(quality or {}))
        self.events.say(self._step, "picks", picks)

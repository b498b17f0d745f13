"""What a person sees while a job runs: progress bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)
_PLAIN_LINES = 10


class Tick(Protocol):
    """Tells how far a job is."""

    def __call__(self, done: int, note: str = "") -> None:
        """Reports `done` of the total, and a few words."""


def say(text: str) -> None:
    """One line."""
    console.print(text, markup=False, soft_wrap=True)


@contextmanager
def progress(title: str, total: int) -> Iterator[Tick]:
    """A bar in a terminal, about ten lines elsewhere."""
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, TextColumn("{task.fields[note]}"), console=console, transient=True) as bar:
            task = bar.add_task(title, total=total, note="")
            yield lambda done, note="": bar.update(task, completed=done, note=note)
    else:
        last = 0

        def line(done: int, note: str = "") -> None:
            nonlocal last
            if done * _PLAIN_LINES // max(total, 1) > last * _PLAIN_LINES // max(total, 1):
                last = done
                say(f"{title}: {done}/{total} {note}".rstrip())

        yield line


def load_tensorflow() -> None:
    """Imports TensorFlow without the lines its libraries write to stderr before their log level is read."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf
        import tensorflow_transform  # noqa: F401

        tf.config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

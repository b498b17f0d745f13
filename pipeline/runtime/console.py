"""What is said while a job runs: bars and lines to a person, JSON events to a program, all of it to the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.runtime.interrupt import check_interrupt

# Outside a terminal rich takes a line to have 80 columns, and would break tables.
console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)
log = logging.getLogger("winnow")
log.addHandler(logging.NullHandler())  # before a log is opened, logging would write errors to stderr by itself
_SILENCE = 30  # seconds after which a job that says nothing says where it is, outside a terminal
# How the figures of a training are written, by the names under which they are reported.
_WORDS = {"auc": "AUC {:.4f}", "loss": "loss {:.4f}", "rows_per_second": "{:,.0f} rows/s"}


class _Output:
    """How messages are shown: `quiet` shows errors only, `as_json` makes every line a JSON event."""

    quiet = False
    as_json = False
    bar: Progress | None = None


output = _Output()


class Tick(Protocol):
    """Tells how far a job is."""

    def __call__(self, done: float, note: str = "", share: float | None = None, **figures: float | None) -> None:
        """Reports how far it is.

        Args:
          done: of the total.
          note: kept as a line of its own.
          share: of the time that is over, where that is another than of the total.
          **figures: `auc`, `loss`, `rows_per_second`.
        """


def say(text: str, event: str = "message", **fields: Any) -> None:
    """Says one line: a person sees its text, a program gets a JSON event with these fields too."""
    if event != "error":
        check_interrupt()
    # To the log in any case: what a quiet run has said is wanted when it has failed.
    log.log(logging.ERROR if event == "error" else logging.INFO, text)
    if output.as_json:
        print(json.dumps({"event": event, "text": text, **fields}), file=sys.stderr, flush=True)
    # Without markup, here and below: paths and names of columns may hold square brackets.
    elif event == "error":
        console.print(f"error: {text}", style="bold red", markup=False, soft_wrap=True)
    elif not output.quiet:
        console.print(text, style="yellow" if text.startswith("warning:") else None, markup=False, soft_wrap=True)


def give(document: Mapping[str, Any], shown: Any = None) -> None:
    """Shows the result of a command: JSON on the standard output for a program, a table for a person."""
    if output.as_json:
        print(json.dumps(document, indent=1), flush=True)
    elif shown is not None and not output.quiet:
        with console.capture() as captured:
            console.print(shown, crop=False, no_wrap=True)
        log.info("\n%s", captured.get())
        console.print(shown, crop=False)


@contextmanager
def progress(title: str, total: float) -> Iterator[Tick]:
    """A bar in a terminal, below the notes; elsewhere the notes, and a line where there was none for half a minute."""
    last = time.monotonic()
    latest: dict[str, float] = {}
    first: tuple[float, float] | None = None
    with _bar(title) as advance:

        def tick(done: float, note: str = "", share: float | None = None, **figures: float | None) -> None:
            nonlocal last, first
            known = {name: value for name, value in figures.items() if value is not None}
            latest.update(known)
            words = [_WORDS[name].format(value) for name, value in known.items()]
            now = time.monotonic()
            part = share if share is not None else done / total if total else 1.0
            first = first or (now, part)  # what was done before says nothing of the speed: it may be of an earlier run
            if note or (advance is None and now - last > _SILENCE):
                last = now
                text = f"{title}: {int(done)}/{int(total)} {', '.join([note] * bool(note) + words)}".rstrip()
                known_speed = advance is None and first[1] < part < 1
                text += f", {_left((now - first[0]) * (1 - part) / (part - first[1]))} left" if known_speed else ""
                say(text, "progress", title=title, done=done, total=total, note=note, **known)
            if advance is not None:
                words = [_WORDS[name].format(value) for name, value in latest.items()]
                advance(part, f"{int(done)}/{int(total)}", "  ".join(words))

        yield tick


@contextmanager
def _bar(title: str) -> Iterator[Any]:
    """Draws a bar, below those that are there already; gives None where nothing can be drawn."""
    if output.quiet or output.as_json or not console.is_terminal:
        yield None
        return
    # rich draws one display at a time, so that a bar within a bar is a line of the outer one's display.
    outermost = output.bar is None
    if output.bar is None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
        more = (TextColumn("ETA"), TimeRemainingColumn(), TextColumn("{task.fields[figures]}"))
        output.bar = Progress(*columns, *more, console=console, transient=True)
        output.bar.start()
    bar = output.bar
    task = bar.add_task(title, total=1.0, count="", figures="")

    def advance(part: float, count: str, figures: str) -> None:
        bar.update(task, completed=part, count=count)
        if figures:
            bar.update(task, figures=figures)

    try:
        yield advance
    finally:
        bar.remove_task(task)
        if outermost:
            bar.stop()
            output.bar = None


def _left(duration: float) -> str:
    seconds = round(duration)
    # Without the hours where there are none.
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}".removeprefix("0:")

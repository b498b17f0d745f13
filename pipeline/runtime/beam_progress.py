"""Progress of a Beam pipeline, on whatever runner: by the files that its workers have finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.runtime import files
from pipeline.runtime.console import progress

SECONDS = 2.0  # between two looks


@contextmanager
def follow(title: str, weights: Mapping[str, int], rows: bool = False) -> Iterator[None]:
    """Shows, while it lasts, how much of the work is done.

    Args:
      title: of the bar.
      weights: of each file that is going to be written, by path.
      rows: whether weights are rows, so that a speed can be told.
    """
    folders = {path.rpartition("/")[0] for path in weights}
    stop = threading.Event()

    def done() -> int:
        there = {path for folder in folders for path in files.list_names(folder, "")}
        return sum(weight for path, weight in weights.items() if path in there)

    with progress(title, sum(weights.values())) as tick:
        started, before = time.monotonic(), done()

        def watch() -> None:
            while not stop.wait(SECONDS):
                try:
                    now = done()
                except OSError:  # a look may fail; the pipeline says what matters
                    continue
                speed = (now - before) / (time.monotonic() - started) if rows and now > before else None
                tick(now, rows_per_second=speed)

        # A daemon, so that a look at a bucket that hangs does not keep the process alive.
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()

"""A campaign tries many mutated inputs on one target, and counts what came of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import WinnowError

# Seconds that one input may take; whatever takes longer is a fault.
LONGEST = 60
_SHOWN = 5  # faults whose traceback a failed campaign prints
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of Python that change files, with the number of the arguments that are paths.
_CHANGES = {"os.mkdir": 1, "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.truncate": 1, "os.link": 2, "os.symlink": 2}


class FaultError(Exception):
    """An input was treated otherwise than it should be."""


class TooSlow(BaseException):
    """An input took more than a minute; no Exception, so that no code takes it for an error of its own."""


@dataclass
class Campaign:
    """Inputs of one target. Each has a generator of its own, so that one can be tried alone.

    Attributes:
      target: what is tried; part of each seed.
      count: inputs to try.
      seed: of the whole campaign.
      only: number of the one input to try; None for all.
      folder: the only folder in which files may be changed.
      tried, refused: inputs, and those that were refused with an error for people.
      faults: a text for each input that was treated wrongly.
      slowest: seconds that the slowest input took.
      written_outside: changes of files outside the folder, as far as Python code makes them.
    """

    target: str
    count: int
    seed: int
    only: int | None
    folder: Path
    tried: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    written_outside: list[str] = field(default_factory=list)

    def run(self, attempt: Callable[[np.random.Generator], int | None], *refusals: type[WinnowError], size: int = 1) -> None:
        """Tries inputs.

        Args:
          attempt: makes one input with a generator, tries it, and raises `FaultError` where the outcome is wrong; may return
            the number of the inputs it tried, where it tries several at once.
          refusals: errors with which an input may be refused; any other error is a fault.
          size: inputs that an attempt is expected to try.
        """
        numbers = range(-(-self.count // size)) if self.only is None else [self.only]
        with _writes_outside(self.folder, self.written_outside):
            for number in numbers:
                self._attempt(number, attempt, refusals)

    def _attempt(
        self, number: int, attempt: Callable[[np.random.Generator], int | None], refusals: tuple[type[WinnowError], ...]
    ) -> None:
        rng = np.random.default_rng([self.seed, zlib.crc32(self.target.encode()), number])
        start, inputs = time.monotonic(), 1
        try:
            with _time_limit():
                inputs = attempt(rng) or 1
        except refusals as error:
            self.refused += 1
            if not str(error).strip():
                self.faults.append(f"input {number}: refused without a word")
        except (Exception, TooSlow):
            self.faults.append(f"input {number}: {traceback.format_exc()}")
        self.tried += inputs
        self.slowest = max(self.slowest, time.monotonic() - start)

    def check(self) -> None:
        """Prints the counts, and fails where there were faults."""
        counts = f"{self.tried:,} tried, {self.refused:,} refused, {len(self.faults):,} faults"
        print(f"\nfuzz {self.target}, seed {self.seed}: {counts}, slowest {self.slowest:.2f} s")
        how = f"\nto try one alone: make fuzz SEED={self.seed} INPUT=NUMBER PYTEST_ARGS='-k {self.target}'"
        assert not self.faults, "\n".join(self.faults[:_SHOWN]) + how
        assert not self.written_outside, self.written_outside
        assert self.slowest <= LONGEST


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Interrupts what takes too long, as soon as it runs Python code."""

    def interrupt(*_: Any) -> None:
        raise TooSlow(f"took more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Where changes of files are recorded while a campaign runs: an audit hook cannot be taken away again.
_watch: dict[str, tuple[str, list[str]]] = {}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watch or not (event == "open" or event in _CHANGES):
        return
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        changes = flags & _WRITING if mode is None else set("wax+") & set(str(mode))
        paths = arguments[:1] if changes else ()
    else:
        paths = arguments[: _CHANGES[event]]
    folder, record = _watch["folder"]
    for path in paths:
        if isinstance(path, (str, bytes)) and not _is_within(os.fsdecode(path), folder):
            record.append(f"{event} {os.fsdecode(path)}")


def _is_within(path: str, folder: str) -> bool:
    path = os.path.normpath(os.path.join(os.getcwd(), path))  # noqa: PTH109, PTH118 (called for every file that is opened)
    return path.startswith(f"{folder}/") or path in (folder, os.devnull)


sys.addaudithook(_hook)


@contextlib.contextmanager
def _writes_outside(folder: Path, record: list[str]) -> Iterator[None]:
    """Records files that Python code changes outside a folder."""
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _watch["folder"] = (str(folder.resolve()), record)
    try:
        yield
    finally:
        _watch.clear()
        sys.dont_write_bytecode = bytecode

"""Ctrl-C that is not lost: Python drops a KeyboardInterrupt that comes while an object is being deleted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_asked = threading.Event()


@contextmanager
def remembered_interrupts() -> Iterator[None]:
    """While it lasts, Ctrl-C raises KeyboardInterrupt as ever, and `check_interrupt` raises it again if that was dropped."""
    if threading.current_thread() is not threading.main_thread():  # only there may signals be handled
        yield
        return
    _asked.clear()
    handler, hook = signal.signal(signal.SIGINT, _interrupt), sys.unraisablehook
    sys.unraisablehook = _without_interrupts(hook)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        sys.unraisablehook = hook
        _asked.clear()


def check_interrupt() -> None:
    """Ends the work of the main thread where Ctrl-C was pressed and has not ended it yet.

    Raises:
      KeyboardInterrupt: it was.
    """
    if _asked.is_set() and threading.current_thread() is threading.main_thread():
        _asked.clear()
        raise KeyboardInterrupt


def _without_interrupts(hook: Callable[[UnraisableHookArgs], object]) -> Callable[[UnraisableHookArgs], None]:
    """Says nothing of an interrupt that Python drops: Ctrl-C is answered with one line, and not with a traceback."""

    def quiet(unraisable: UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            hook(unraisable)

    return quiet


def _interrupt(number: int, frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt

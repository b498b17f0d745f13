"""Real processes that start at once: forked from a server that has already loaded what takes seconds to import."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["pipeline.preprocess.preprocess", "pipeline.selection.search", "pipeline.selection.prove", "models.training"]
)


class Process:
    """A process that runs a function.

    Args:
      run: a function of a module.
      *arguments: of the function.
      **environment: variables it gets besides one thread for TensorFlow; TF_CONFIG is taken away.
    """

    def __init__(self, run: Callable[..., Any], *arguments: Any, **environment: str) -> None:
        with tempfile.NamedTemporaryFile(delete=False) as log:
            self._log = Path(log.name)
        own = ONE_THREAD | environment
        self._process = _SERVER.Process(target=_run, args=(run, arguments, own, log.name), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    @property
    def said(self) -> str:
        """Both of its outputs, so far."""
        return self._log.read_text()

    def send(self, number: int) -> None:
        """Sends it a signal, if it still runs."""
        if self.running:
            os.kill(self.pid, number)

    def end(self, timeout: float = 300) -> int:
        """Its exit code, minus the signal's number where one ended it; kills what takes too long."""
        self._process.join(timeout)
        if self.running:
            self.kill()
            raise AssertionError(f"still running after {timeout} s:\n{self.said[-3000:]}")
        return int(self._process.exitcode or 0)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def winnow(*arguments: object, **environment: str) -> Process:
    """A command line in a process of its own."""
    return Process(_command, [str(argument) for argument in arguments], **environment)


def addresses(count: int) -> list[str]:
    """Addresses of this machine at which nothing listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return found


def _command(arguments: list[str]) -> None:
    from pipeline.cli.app import main

    sys.argv = ["winnow", *arguments]
    main()


def _run(run: Callable[..., Any], arguments: tuple[Any, ...], environment: dict[str, str], log: str) -> None:
    target = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(target, stream)
    sys.stdout, sys.stderr = (open(stream, "w", buffering=1, closefd=False) for stream in (1, 2))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
    os.chdir(ROOT)
    os.environ.pop("TF_CONFIG", None)
    os.environ.update(environment)
    run(*arguments)

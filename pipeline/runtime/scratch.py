"""Temporary files of this process, in a folder of its own, so that those of a killed one can be told and removed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = re.compile(r"winnow-(?P<host>.+)-(?P<process>\d+)-\w+")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for all temporary files of this process and its children while it lasts.

    AutoGraph leaves a Python file there for each traced function, and removes them at the end only: each killed run would
    leave some for ever. The folders of processes that have ended are removed here.
    """
    shared = Path(tempfile.gettempdir())
    _remove_leftovers(shared)
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    folder = tempfile.mkdtemp(prefix=f"winnow-{socket.gethostname()}-{os.getpid()}-", dir=shared)
    # Python reads the one, its child processes and libraries in C++ the other.
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    try:
        yield Path(folder)
    finally:
        tempfile.tempdir = before[0]
        if before[1] is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before[1]
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(shared: Path) -> None:
    """Removes the folders of this user's processes of this machine that have ended: the folder may be shared by several."""
    for folder in shared.glob("winnow-*"):
        named = _NAME.fullmatch(folder.name)
        if named is None or named.group("host") != socket.gethostname() or _runs(int(named.group("process"))):
            continue
        with suppress(OSError):  # another command removes it at the same time
            if folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

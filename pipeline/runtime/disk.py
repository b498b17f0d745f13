"""Disks that are full or may not be written: one sentence, whichever library noticed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from features.errors import DataError, WinnowError
from pipeline.runtime import files

_LITTLE = 1 << 20  # bytes: a disk with less is full
# Refusals that a person can do something about; of all other errors the library's own text says more.
_REASONS: Mapping[int, str] = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system may only be read",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the file name is too long for the disk",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def explaining_disk(folder: str) -> Iterator[None]:
    """Turns a refusal of the disk, by Python, Beam or TensorFlow, into one sentence.

    Args:
      folder: that the body works in.

    Raises:
      DataError: the disk is full, or may not be written.
    """
    try:
        yield
    except Exception as error:
        sentence = disk_trouble(error, folder)
        if sentence is None:
            raise
        raise DataError(sentence) from error


def disk_trouble(error: BaseException, folder: str) -> str | None:
    """What the disk refused and what to do; None where the error has another cause.

    Beam and TensorFlow raise errors of their own whose text holds that of the system, so that the text is looked at too.
    """
    if isinstance(error, WinnowError):  # it says what to do, unless a library took a full disk for something else
        return _trouble(error, folder) if _system_error(error)[0] in _FULL else None
    cause: BaseException | None = error
    while cause is not None:
        if sentence := _trouble(cause, folder):
            return sentence
        # Libraries wrap the system's error, some more than once.
        cause = cause.__cause__ or cause.__context__
    return None


def _trouble(error: BaseException, folder: str) -> str | None:
    number, path = _system_error(error)
    if number is None:
        return None
    if number in _FULL:
        return f"{_full(folder)}: {_REASONS[number]}; free some, and run the same command again to go on from what is done"
    return f"{path or folder}: {_REASONS[number]}; name another folder, or have it changed"


def _system_error(error: BaseException) -> tuple[int | None, str | None]:
    """Number of the system's error that an exception is or tells of, and the path."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return error.errno, None if error.filename is None else os.fsdecode(error.filename)
    text = str(error)
    told = re.search(r"\[Errno (\d+)\] [^:\n]*(?:: '([^'\n]+)')?", text)
    if told and int(told[1]) in _REASONS:
        return int(told[1]), told[2]
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        # TensorFlow writes `PATH; TEXT OF THE SYSTEM`, with the operation's name in braces before it.
        told = re.search(rf"([^;\n}}]+); {os.strerror(number)}", text)
        if told:
            return number, told[1].strip()
    return None, None


def _full(folder: str) -> str:
    """The folder whose disk is full: the work folder's, or the one of temporary files."""
    for candidate in (folder, tempfile.gettempdir()):
        if files.is_local(candidate) and _free(Path(candidate)) < _LITTLE:
            return candidate
    return folder


def _free(path: Path) -> int:
    # A folder that is not made yet will lie on the disk of its nearest parent.
    existing = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    return shutil.disk_usage(existing).free

"""One run at a time in a folder: a lock file that says which process is at work there, since when, and on which machine."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from features.document import Document
from features.errors import ConfigError, DataError
from pipeline.runtime import files

FILE = "lock.json"


class Lock(Document):
    """`lock.json`: the process that is at work in a folder.

    Attributes:
      command: of Winnow, such as `run`.
      host: name of its machine.
      process: its number there.
      started: when the process began, in the machine's own ticks, since numbers are given again; None where it is unknown.
      since: when the command began to work in the folder, with the time zone.
    """

    command: str
    host: str
    process: int
    started: int | None
    since: datetime

    @property
    def alive(self) -> bool:
        """Whether the process may still be at work; of another machine's that cannot be told."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # a process of another user
            pass
        return self.started == _started(self.process)


@contextmanager
def locked(folder: str, command: str) -> Iterator[None]:
    """Keeps other commands out of a folder while it lasts; takes over the lock of a run that was killed on this machine.

    Args:
      folder: is made where it is absent. In a bucket the lock is one of courtesy: two commands that start within the same
        second may both get it.
      command: for the message that others get.

    Raises:
      ConfigError: another command is at work in the folder; says which, and what to do.
    """
    lock = Lock(
        command=command,
        host=socket.gethostname(),
        process=os.getpid(),
        started=_started(os.getpid()),
        since=datetime.now().astimezone(),
    )
    is_new = not files.exists(folder)
    files.make_folder(folder)
    path = files.join(folder, FILE)
    with _exclusively(path):
        holder = _holder(path)
        if holder is not None and holder.alive:
            raise ConfigError(_refusal(holder, folder, path))
        _write(path, lock)
    try:
        yield
    finally:
        with suppress(OSError):  # a folder that was deleted, or a full disk: the next command sees that this process has ended
            if _holder(path) == lock:
                files.remove(path)
            if is_new and files.is_local(folder) and not any(Path(folder).iterdir()):
                Path(folder).rmdir()  # the command was refused before it wrote anything


def _refusal(holder: Lock, folder: str, path: str) -> str:
    begun = holder.since.astimezone()
    since = f"{begun:%H:%M}" if begun.date() == datetime.now().astimezone().date() else f"{begun:%Y-%m-%d %H:%M}"
    where = f"process {holder.process} on {holder.host}"
    remedy = "wait for it, or name another work_dir"
    if holder.host != socket.gethostname():
        remedy += f"; if it has ended, which cannot be seen from here, delete {path}"
    return f"{folder}: another run (`winnow {holder.command}`, since {since}, {where}) is at work here; {remedy}"


def _holder(path: str) -> Lock | None:
    """Who the lock file names; None where there is none, or its writer was killed before it had written a whole one."""
    try:
        return Lock.from_json(files.read_bytes(path), path) if files.exists(path) else None
    except DataError:
        return None


def _write(path: str, lock: Lock) -> None:
    """Writes the file in place, as the processes that wait for it hold it open."""
    if files.is_local(path):
        Path(path).write_text(lock.to_json())
    else:
        files.write_document(path, lock)


@contextmanager
def _exclusively(path: str) -> Iterator[None]:
    """Lets one process at a time look at a local lock file and write it; filesystems without `flock` let all."""
    if not files.is_local(path):
        yield
        return
    while True:
        with Path(path).open("a") as held:
            with suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_EX)
            if not _is_the_file(held.fileno(), path):  # removed by its holder while this process waited
                continue
            yield
            return


def _is_the_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), Path(path).stat())
    except FileNotFoundError:
        return False


def _started(process: int) -> int | None:
    """When a process began, in ticks since the machine did; None where there is no /proc, or no such process."""
    try:
        # The name, in parentheses, may hold blanks; the time is the twentieth field behind it (proc(5)).
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None

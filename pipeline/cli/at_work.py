"""What surrounds every command that works in the work folder: the lock, the log, and words for what a disk refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pipeline.runtime.disk import explaining_disk
from pipeline.runtime.lock import locked
from pipeline.runtime.log import journal
from pipeline.runtime.workspace import Workspace


@contextmanager
def at_work(workspace: Workspace, command: str) -> Iterator[None]:
    """Keeps other commands out of the work folder, and writes the command's log, while it lasts.

    A process that does not write trains along with the chief of its cluster, and needs no lock.

    Raises:
      ConfigError: another command is at work there.
      DataError: the disk is full, or may not be written.
    """
    with ExitStack() as stack:
        # First, so that a disk too full for the lock file is explained too.
        stack.enter_context(explaining_disk(workspace.path))
        if workspace.writes:
            stack.enter_context(locked(workspace.path, command))
        stack.enter_context(journal(workspace, command))
        yield

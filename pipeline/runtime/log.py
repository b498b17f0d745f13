"""The log: everything said, warnings of Python and of the libraries, and tracebacks, in the work folder's `logs/`."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from features.errors import WinnowError
from pipeline.runtime import files
from pipeline.runtime.console import log, say
from pipeline.runtime.workspace import LOGS, Workspace

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


# Beam logs what a step raises, and raises it too: it is said once, by the command line.
_SAID_ELSEWHERE = (log.name, "apache_beam.runners.common", "apache_beam.runners.worker")


class _Errors(logging.Handler):
    """Errors of the libraries, which a person must see; their warnings are for the log alone."""

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(_SAID_ELSEWHERE):
            say(f"{record.name}: {record.getMessage()}", "error")


class _LogFile(logging.FileHandler):
    """A log file; on a full disk it loses lines, and leaves it to the job's own files to say so."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Says nothing, where logging would print a traceback for each line."""


@contextmanager
def listening() -> Iterator[None]:
    """While it lasts the libraries' log lines come here; TensorFlow and absl then add no handlers of their own."""
    root, handler = logging.getLogger(), _Errors(logging.ERROR)
    root.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        log.setLevel(level)


@contextmanager
def journal(workspace: Workspace, command: str) -> Iterator[str]:
    """Writes `logs/<date>-<command>.log` in the work folder while it lasts; gives its path.

    In an object store the file, which cannot grow there, is written at the end. A process that does not write has none.
    """
    name = f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{command}.log"
    path = workspace.join(LOGS, name)
    if workspace.writes:
        files.make_folder(workspace.join(LOGS))
    in_place = workspace.writes and files.is_local(path)
    with tempfile.TemporaryDirectory() as scratch:
        log_file = Path(path if in_place else f"{scratch}/{name}")
        handler = _LogFile(log_file, encoding="utf-8")
        handler.setFormatter(logging.Formatter(_FORMAT))
        logging.getLogger().addHandler(handler)
        try:
            yield path
        except (Exception, KeyboardInterrupt) as error:
            # Of what a person can mend the message is enough; anything else leaves its traceback here.
            expected = isinstance(error, WinnowError | KeyboardInterrupt)
            log.error("stopped by %s: %s", type(error).__name__, error, exc_info=not expected)
            raise
        finally:
            logging.getLogger().removeHandler(handler)
            # On a full disk the last lines cannot be written; the error that is on its way tells of it.
            with suppress(OSError):
                handler.close()
            if workspace.writes and not in_place:
                files.write_bytes(path, log_file.read_bytes())

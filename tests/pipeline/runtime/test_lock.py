"""One run at a time: who is let in, and who is told to wait."""

import json
import os
import re
import signal
import socket
import time
from datetime import datetime, timedelta

import pytest

from features.errors import ConfigError
from pipeline.runtime.lock import FILE, Lock, locked
from tests.pipeline import memory
from tests.processes import Process


def hold(folder: str) -> None:
    """Holds the lock until it is ended."""
    with locked(folder, "run"):
        time.sleep(60)


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of `tmp_path`."""
    process = Process(hold, str(tmp_path))
    until = time.monotonic() + 60
    while not ((tmp_path / FILE).exists() and (tmp_path / FILE).read_text()) and time.monotonic() < until:
        time.sleep(0.01)
    yield process
    process.kill()


def write(folder, **changes) -> Lock:
    """A lock of this process, with changes."""
    fields = {"command": "run", "host": socket.gethostname(), "process": os.getpid(), "started": None, "since": datetime.now()}
    lock = Lock(**(fields | changes))
    (folder / FILE).write_text(lock.to_json())
    return lock


def test_the_lock_says_who_and_vanishes(tmp_path):
    with locked(str(tmp_path / "work"), "compare"):
        lock = json.loads((tmp_path / "work" / FILE).read_text())
        assert (lock["command"], lock["host"], lock["process"]) == ("compare", socket.gethostname(), os.getpid())
        assert abs(datetime.now().astimezone() - datetime.fromisoformat(lock["since"])) < timedelta(seconds=5)
    assert not (tmp_path / "work").exists()  # nothing was written into it


def test_another_process_is_told_since_when_which_process_and_where(tmp_path, holder):
    message = (
        rf"{re.escape(str(tmp_path))}: another run \(`winnow run`, since \d\d:\d\d, process {holder.pid} on "
        rf"{socket.gethostname()}\) is at work here; wait for it, or name another work_dir$"
    )
    with pytest.raises(ConfigError, match=message), locked(str(tmp_path), "score"):
        pass
    assert json.loads((tmp_path / FILE).read_text())["process"] == holder.pid


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    holder.send(signal.SIGKILL)
    holder.end()
    assert (tmp_path / FILE).exists()
    with locked(str(tmp_path), "run"):
        assert json.loads((tmp_path / FILE).read_text())["process"] == os.getpid()
    assert not (tmp_path / FILE).exists()


def test_another_process_that_was_given_the_same_number_is_no_holder(tmp_path):
    write(tmp_path, started=1)
    with locked(str(tmp_path), "run"):
        pass


@pytest.mark.parametrize("text", ["", '{"command": "ru', "[]"])
def test_a_lock_that_was_not_written_whole_is_none(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with locked(str(tmp_path), "run"):
        pass


def test_of_another_machine_it_is_said_how_to_go_on(tmp_path):
    write(tmp_path, host="elsewhere", process=7, since=datetime(2026, 1, 2, 13, 43))
    message = f"since 2026-01-02 13:43, process 7 on elsewhere.*if it has ended, which cannot be seen.*, delete {tmp_path}"
    with pytest.raises(ConfigError, match=message), locked(str(tmp_path), "run"):
        pass


def test_an_error_releases_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(str(tmp_path), "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_that_was_deleted_meanwhile_is_no_error(tmp_path):
    with locked(str(tmp_path / "work"), "run"):
        (tmp_path / "work" / FILE).unlink()
        (tmp_path / "work").rmdir()


def test_a_bucket_has_a_lock_too(monkeypatch):
    monkeypatch.setattr(memory, "FILES", {})
    with locked("memory://bucket/work", "preprocess"):
        assert list(memory.FILES) == [f"memory://bucket/work/{FILE}"]
        held, _ = memory.FILES[f"memory://bucket/work/{FILE}"]
        lock = Lock.from_json(held, FILE).model_copy(update={"host": "elsewhere"})
        memory.FILES[f"memory://bucket/work/{FILE}"] = (lock.to_json().encode(), 0.0)
        with pytest.raises(ConfigError, match="another run"), locked("memory://bucket/work", "preprocess"):
            pass
    memory.FILES.clear()

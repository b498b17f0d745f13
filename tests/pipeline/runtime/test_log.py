import logging
import warnings

import pytest

from features.errors import DataError
from pipeline.runtime.console import say
from pipeline.runtime.log import journal, listening
from pipeline.runtime.workspace import Workspace
from tests.pipeline import memory


def test_all_that_is_said_and_warned_of_is_in_the_log(tmp_path, capsys):
    with listening(), journal(Workspace(str(tmp_path)), "run") as path:
        say("search: started")
        logging.getLogger("some.library").warning("a warning")
        warnings.warn("of python", UserWarning, stacklevel=1)
    log = (tmp_path / "logs").joinpath(path.rpartition("/")[2]).read_text()
    assert path.endswith("-run.log")
    assert "INFO winnow: search: started" in log
    assert "WARNING some.library: a warning" in log
    assert "of python" in log
    assert capsys.readouterr().err == "search: started\n"


def test_errors_of_libraries_are_said_but_not_those_that_beam_raises_as_well(capsys):
    with listening():
        logging.getLogger("some.library").error("it broke")
        logging.getLogger("apache_beam.runners.common").error("OSError [while running 'Parse']")
    assert capsys.readouterr().err == "error: some.library: it broke\n"


@pytest.mark.parametrize(("error", "traceback"), [(DataError("a row"), False), (ZeroDivisionError("ours"), True)])
def test_unexpected_errors_leave_their_traceback(tmp_path, error, traceback):
    with pytest.raises(type(error)), journal(Workspace(str(tmp_path)), "run"):
        raise error
    (log,) = (tmp_path / "logs").iterdir()
    assert f"stopped by {type(error).__name__}: {error}" in log.read_text()
    assert ("Traceback" in log.read_text()) == traceback


def test_in_a_bucket_the_log_is_written_at_the_end(monkeypatch):
    monkeypatch.setattr(memory, "FILES", {})
    with listening(), journal(Workspace("memory://bucket/work"), "preprocess") as path:
        say("preprocess: started")
        assert memory.FILES == {}
    assert b"preprocess: started" in memory.FILES[path][0]


def test_a_process_that_does_not_write_has_no_log(tmp_path):
    with listening(), journal(Workspace(str(tmp_path), writes=False), "run"):
        say("search: started")
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    with listening(), journal(Workspace(str(tmp_path)), "run"):
        (handler,) = [one for one in logging.getLogger().handlers if getattr(one, "baseFilename", "").endswith("-run.log")]
        handler.stream.close()
        handler.stream = open("/dev/full", "w")  # noqa: SIM115, PTH123
        say("search: started")
    assert capsys.readouterr().err == "search: started\n"

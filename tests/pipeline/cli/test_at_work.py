import errno

import pytest

from features.errors import DataError
from pipeline.cli.at_work import at_work
from pipeline.runtime.console import say
from pipeline.runtime.log import listening
from pipeline.runtime.workspace import Workspace


def test_a_command_has_the_folder_and_a_log_to_itself(tmp_path):
    with listening(), at_work(Workspace(str(tmp_path)), "run"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["lock.json", "logs"]
        say("search: started")
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    (log,) = (tmp_path / "logs").iterdir()
    assert "search: started" in log.read_text()


def test_a_process_that_does_not_write_leaves_nothing(tmp_path):
    with at_work(Workspace(str(tmp_path), writes=False), "run"):
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_the_log_has_its_traceback(tmp_path):
    message = f"{tmp_path}: no space is left on the disk"
    with pytest.raises(DataError, match=message), at_work(Workspace(str(tmp_path)), "run"):
        raise OSError(errno.ENOSPC, "No space left on device")
    (log,) = (tmp_path / "logs").iterdir()
    assert "Traceback" in log.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]

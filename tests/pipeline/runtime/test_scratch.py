import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.runtime.scratch import scratch_folder


def test_temporary_files_lie_in_a_folder_that_vanishes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with scratch_folder() as folder, tempfile.NamedTemporaryFile(delete=False) as file:
        assert Path(file.name).parent == folder
        assert os.environ["TMPDIR"] == str(folder)
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(tmp_path)


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = int(subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True).stdout)
    host = socket.gethostname()
    leftover = tmp_path / f"winnow-{host}-{ended}-abc"
    others = [
        tmp_path / f"winnow-{host}-{os.getpid()}-abc",
        tmp_path / f"winnow-elsewhere-{ended}-abc",
        tmp_path / "winnow-data",
    ]
    for folder in (leftover, *others):
        folder.mkdir()
        (folder / "__autograph_generated_file.py").touch()
    with scratch_folder():
        assert not leftover.exists()
        assert all(folder.exists() for folder in others)

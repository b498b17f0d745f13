"""A command line in this process."""

import sys

import pytest

from pipeline.cli.app import main


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs a command line in this process; returns exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["winnow", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out, said.err

    return run

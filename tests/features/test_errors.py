"""Errors a person can act on: what the command line makes of them."""

import sys

import pytest

from features.errors import ConfigError, DataError, StoppedError, TrainingError, WinnowError
from pipeline.cli import app, program


@pytest.mark.parametrize(
    ("error", "code"), [(WinnowError, 1), (ConfigError, 2), (DataError, 3), (StoppedError, 130), (TrainingError, 1)]
)
def test_each_ends_the_command_with_its_own_exit_code_and_no_traceback(monkeypatch, capsys, error, code):
    def broken() -> None:
        raise error("data.label: there is no column 'clik'; did you mean 'click'?")

    monkeypatch.setattr(program, "app", broken)
    monkeypatch.setattr(sys, "argv", ["winnow", "run", "a.yaml"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == code == error.exit_code
    said = capsys.readouterr().err
    assert "did you mean 'click'?" in said
    assert "Traceback" not in said

from importlib import metadata

import pytest

from pipeline.cli import program as cli


def test_version(call):
    assert call("--version")[:2] == (0, f"winnow {metadata.version('winnow')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_command(shell, monkeypatch, capsys):
    values = {"_WINNOW_COMPLETE": f"complete_{shell}", "COMP_WORDS": "winnow pro", "COMP_CWORD": "1"}
    values |= {"_TYPER_COMPLETE_ARGS": "winnow pro", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        cli.app(prog_name="winnow")
    assert "prove" in capsys.readouterr().out

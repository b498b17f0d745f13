"""The program: its help, and how it ends."""

import json
import os
import signal
import sys

import pytest

from pipeline.cli import program as cli
from pipeline.cli.app import main


@pytest.mark.parametrize("arguments", [["--json", "run", "none.yaml"], ["run", "none.yaml", "--json"]])
def test_errors_are_events_too(call, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    event = json.loads(err)
    assert (event["event"], event["exit_code"]) == ("error", 2)
    assert event["text"].startswith("none.yaml: no such config file")


def test_errors_and_options_do_not_outlive_a_command(call):
    call("run", "none.yaml", "--json")
    assert call("run", "none.yaml")[2].startswith("error: none.yaml: no such config file")


def test_every_help_has_an_example_of_that_command(call):
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        code, out, _ = call(name, "--help")
        assert code == 0
        assert f"Example: winnow {name}" in out
        assert "--quiet" in out


def test_ctrl_c_stops_without_a_traceback(call, monkeypatch, small_job, tmp_path):
    from pipeline.runtime.stage import Stage

    def interrupted(self, force=False):
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not interrupted")

    config = small_job()
    monkeypatch.setattr(Stage, "run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
    try:
        code, out, err = call("run", config)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, out) == (130, "")
    assert err == "error: stopped; run the same command again to go on from what is done\n"
    (log,) = (tmp_path / "work" / "logs").glob("*.log")
    assert "Traceback" not in log.read_text()


def test_an_unexpected_error_is_in_the_log_with_its_traceback(monkeypatch, small_job, tmp_path):
    from pipeline.runtime.stage import Stage

    def broken(self, force=False):
        raise ZeroDivisionError("a fault of ours")

    config = small_job()
    monkeypatch.setattr(Stage, "run", broken)
    monkeypatch.setattr(sys, "argv", ["winnow", "run", str(config)])
    with pytest.raises(ZeroDivisionError):
        main()
    (log,) = (tmp_path / "work" / "logs").glob("*.log")
    assert "Traceback" in log.read_text()
    assert "a fault of ours" in log.read_text()

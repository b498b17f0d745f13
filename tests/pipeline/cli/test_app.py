"""The command line: options, results, logs, and what an interruption leaves."""

import json
import os
import signal
import sys
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.cli import app as cli
from tests.pipeline.report.small_run import comparison


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs a command line in this process; returns exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["winnow", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out, said.err

    return run


def curves(folder):
    """Values by tag of all event files in a folder, read without TensorBoard."""
    import tensorflow as tf

    found = {}
    for path in sorted(folder.rglob("events.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, tf.make_ndarray(value.tensor).tolist()))
    return found


def test_a_run_gives_its_result_events_log_and_curves(small_job, call, tmp_path):
    config = small_job()
    code, out, err = call("run", config, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert sorted(row["feature"] for row in result["kept"]) == ["fine", "good"]
    assert {row["feature"]: row["reason"] for row in result["dropped"]}["still"] == "constant"
    assert result["models"]["pruned"]["features"] == 2
    assert result["models"]["pruned"]["auc"] > 0.75
    assert result["models"]["full"]["latency_us"] > 0
    assert Path(result["report"]).exists()
    assert all(stage["made"] for stage in result["stages"].values())

    events = [json.loads(line) for line in err.splitlines()]
    picks = [event["note"] for event in events if event["event"] == "progress" and event["title"] == "search"]
    assert len(picks) == 5
    assert {"picked good", "picked fine"} <= set(picks)
    (log,) = (tmp_path / "work" / "logs").glob("*-run.log")
    for event in events:
        assert event["text"] in log.read_text()

    search = curves(tmp_path / "work" / "logs" / "tensorboard" / "search")
    assert len(search["attention/good"]) == len(search["auc"]) == len(search["picks"]) == 5
    assert search["attention/good"][-1][1] == 0  # picked before
    assert search["picks"][0][1] == [picks[0].encode()]
    assert all(0.1 < loss < 1 for _, loss in search["loss"])
    assert all(speed > 0 for _, speed in search["rows_per_second"])
    proof = curves(tmp_path / "work" / "logs" / "tensorboard" / "prove")
    assert len(proof["auc/full"]) == len(proof["auc/pruned"]) == 2

    code, out, err = call("--quiet", "run", config)
    assert (code, out, err) == (0, "", "")
    code, out, err = call("run", config)
    assert "report: unchanged, skipped" in err
    assert "dropped: " in err
    assert "good" in err
    # A comparison that comes later is new to the report.
    (tmp_path / "work" / "compare").mkdir()
    (tmp_path / "work" / "compare" / "compare.json").write_text(json.dumps(comparison()))
    assert "report: done" in call("report", config)[2]


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


def test_version(call):
    assert call("--version")[:2] == (0, f"winnow {metadata.version('winnow')}\n")


def test_every_help_has_an_example_of_that_command(call):
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        code, out, _ = call(name, "--help")
        assert code == 0
        assert f"Example: winnow {name}" in out
        assert "--quiet" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_command(shell, monkeypatch, capsys):
    values = {"_WINNOW_COMPLETE": f"complete_{shell}", "COMP_WORDS": "winnow pro", "COMP_CWORD": "1"}
    values |= {"_TYPER_COMPLETE_ARGS": "winnow pro", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        cli.app(prog_name="winnow")
    assert "prove" in capsys.readouterr().out


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
        cli.main()
    (log,) = (tmp_path / "work" / "logs").glob("*.log")
    assert "Traceback" in log.read_text()
    assert "a fault of ours" in log.read_text()


def test_the_former_name_of_prove_works_and_says_the_new_one(call, small_job):
    code, _, err = call("retrain", small_job())
    assert code == 3  # nothing has been searched yet, as `winnow prove` would say
    assert err.startswith("warning: `winnow retrain` is now called `winnow prove`\n")
    assert "run `winnow select` first" in err
    assert "former name" not in call("--help")[1]

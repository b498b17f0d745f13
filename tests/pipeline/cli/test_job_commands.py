"""The commands of the main job: their results, events, logs and curves."""

import errno
import json
import os
from pathlib import Path

import pytest

from features.config import Config
from pipeline.cli import job_commands
from pipeline.runtime.lock import locked
from tests.pipeline import memory  # noqa: F401 (registers its filesystem)
from tests.pipeline.report.small_run import comparison


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
    work = tmp_path / "work [1]"  # signs of a glob, which Beam and TensorFlow would take for one
    config = small_job(work_dir=str(work))
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
    (log,) = (work / "logs").glob("*-run.log")
    for event in events:
        assert event["text"] in log.read_text()

    search = curves(work / "logs" / "tensorboard" / "search")
    assert len(search["attention/good"]) == len(search["auc"]) == len(search["picks"]) == 5
    assert search["attention/good"][-1][1] == 0  # picked before
    assert search["picks"][0][1] == [picks[0].encode()]
    assert all(0.1 < loss < 1 for _, loss in search["loss"])
    assert all(speed > 0 for _, speed in search["rows_per_second"])
    proof = curves(work / "logs" / "tensorboard" / "prove")
    assert len(proof["auc/full"]) == len(proof["auc/pruned"]) == 2

    code, out, err = call("--quiet", "run", config)
    assert (code, out, err) == (0, "", "")
    code, out, err = call("run", config)
    assert "report: unchanged, skipped" in err
    assert "dropped: " in err
    assert "good" in err
    # A comparison that comes later is new to the report.
    (work / "compare").mkdir()
    (work / "compare" / "compare.json").write_text(json.dumps(comparison()))
    assert "report: done" in call("report", config)[2]


def test_the_former_name_of_prove_works_and_says_the_new_one(call, small_job):
    code, _, err = call("retrain", small_job())
    assert code == 3  # nothing has been searched yet, as `winnow prove` would say
    assert err.startswith("warning: `winnow retrain` is now called `winnow prove`\n")
    assert "run `winnow select` first" in err
    assert "former name" not in call("--help")[1]


def test_a_mistyped_option_of_beam_is_named_before_anything_is_done(call, small_job, tmp_path):
    code, _, err = call("run", small_job(), "--", "--runnner=DirectRunner")
    assert code == 2
    assert err == "error: the options after `--`: Beam has no option --runnner; did you mean --runner?\n"
    assert not (tmp_path / "work").exists()


def test_a_work_folder_in_a_bucket_is_refused_before_anything_is_done(call, small_job):
    for command, names in (("run", "search, select, prove, export"), ("compare", "compare")):
        code, _, err = call(command, small_job(), "--set", "work_dir=memory://bucket/work")
        assert code == 2
        assert err.startswith(
            f"error: work_dir: memory://bucket/work is not on a disk, as {names} need it; run `winnow preproc"
        )


@pytest.mark.parametrize("command", ["run", "preprocess", "select", "prove", "export", "report", "compare"])
def test_every_command_is_alone_in_its_work_folder(call, small_job, tmp_path, command):
    with locked(str(tmp_path / "work"), "run"):
        code, _, err = call(command, small_job())
    assert code == 2
    assert err.startswith(f"error: {tmp_path / 'work'}: another run (`winnow run`, since ")
    assert err.count("\n") == 1
    assert not (tmp_path / "work").exists()  # the refused command has written nothing into it


@pytest.mark.parametrize(("text", "asked"), [("5, 10", [5, 10]), ("5,20%", [5, {"bytes": "20%"}])])
def test_points_are_added_to_the_config(monkeypatch, small_job, text, asked):
    ran = []
    monkeypatch.setattr(job_commands, "_run_stages", lambda *arguments: ran.append(arguments))
    job_commands.prove(small_job(), text, ["proof.seed_count=1"])
    ((command, stages, path, overrides, force),) = ran
    assert (command, stages, force) == ("prove", ["prove"], False)
    points = Config.load(path, overrides).proof.points
    assert [point if isinstance(point, int) else point.model_dump(exclude_defaults=True) for point in points] == asked


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space is left on the disk; free some, and run the same command again to go on from what is done"),
        (errno.EROFS, "the file system may only be read; name another folder, or have it changed"),
    ],
)
def test_what_the_disk_refuses_is_one_line_and_nothing_is_half_made(call, small_job, tmp_path, monkeypatch, number, words):
    def refused(source, target):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.runtime.files.rename", refused)
        code, _, err = call("preprocess", small_job())
    assert code == 3
    assert err.splitlines()[-1] == f"error: {tmp_path / 'work'}: {words}"
    assert "Traceback" not in err
    assert not (tmp_path / "work" / "transformed").exists()
    assert call("preprocess", tmp_path / "small.yaml")[0] == 0

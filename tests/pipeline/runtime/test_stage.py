"""Stages whose builds are a line each."""

import json
import time

import pytest

from features.errors import DataError
from pipeline.runtime import stage as stages
from pipeline.runtime.stage import MARKER, Stage, StageRecord, read_record
from pipeline.runtime.versions import program_version
from pipeline.runtime.workspace import FOLDERS, Workspace


@pytest.fixture
def builds():
    """What each build found in its folder."""
    return []


def stage(tmp_path, fingerprint, builds, fails=False, writes=True, name="search"):
    def build(folder):
        unfinished = tmp_path / f"{FOLDERS[name]}.partial"
        assert folder == str(unfinished)
        builds.append(sorted(path.name for path in unfinished.iterdir()) if unfinished.exists() else None)
        if writes:
            (unfinished / "half.txt").write_text(fingerprint)
        if fails:
            raise RuntimeError

    return Stage(name, Workspace(str(tmp_path), writes), fingerprint, build, needs_tensorflow=False)


def test_made_once_and_again_when_its_fingerprint_changes(tmp_path, builds):
    assert stage(tmp_path, "a", builds).run()
    assert not stage(tmp_path, "a", builds).run()
    assert stage(tmp_path, "a", builds).run(force=True)
    assert stage(tmp_path, "b", builds).run()
    assert builds == [["begun.json"]] * 3
    assert sorted(path.name for path in (tmp_path / "search").iterdir()) == ["half.txt", MARKER]


def test_the_record_says_stage_fingerprint_time_and_version(tmp_path, builds):
    stage(tmp_path, "a", builds).run()
    record = read_record(str(tmp_path / "search"))
    assert record == StageRecord(stage="search", fingerprint="a", seconds=record.seconds, version=program_version())
    assert 0 <= record.seconds < 5
    assert list(json.loads((tmp_path / "search" / MARKER).read_text())) == ["stage", "fingerprint", "seconds", "version"]


def test_a_record_of_before_versions_were_written_is_read(tmp_path):
    (tmp_path / MARKER).write_text('{"stage": "search", "fingerprint": "c2e2d9e7529e689a", "seconds": 57.7}')
    record = read_record(str(tmp_path))
    assert (record.fingerprint, record.version) == ("c2e2d9e7529e689a", None)
    assert read_record(str(tmp_path / "none")) is None


def test_an_interrupted_one_is_never_whole_and_goes_on_if_nothing_changed(tmp_path, builds):
    with pytest.raises(RuntimeError):
        stage(tmp_path, "a", builds, fails=True).run()
    assert not (tmp_path / "search").exists()
    stage(tmp_path, "a", builds).run()
    assert builds[1] == ["begun.json", "half.txt"]
    with pytest.raises(RuntimeError):
        stage(tmp_path, "b", builds, fails=True).run()
    assert (tmp_path / "search" / "half.txt").read_text() == "a"
    stage(tmp_path, "c", builds).run()
    assert builds[3] == ["begun.json"]


@pytest.mark.parametrize("text", ['{"stage"', "[]", '{"stage": "search"}'])
def test_a_damaged_marker_counts_as_none(tmp_path, builds, text):
    whole = stage(tmp_path, "a", builds)
    whole.run()
    (tmp_path / "search" / MARKER).write_text(text)
    assert not whole.done
    unfinished = tmp_path / "search.partial"
    unfinished.mkdir()
    (unfinished / "begun.json").write_text(text)
    whole.run()
    assert builds == [["begun.json"]] * 2


def test_a_process_that_does_not_write_trains_along_and_leaves_nothing(tmp_path, builds, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: stage(tmp_path, "a", []).run())  # the chief ends while it waits
    assert stage(tmp_path, "a", builds, writes=False).run()
    assert builds == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["search"]


def test_a_process_that_does_not_write_waits_for_preprocessing(tmp_path, builds, monkeypatch, capsys):
    monkeypatch.setattr(time, "sleep", lambda _: stage(tmp_path, "a", [], name="preprocess").run())
    assert stage(tmp_path, "a", builds, writes=False, name="preprocess").run()
    assert builds == []
    assert capsys.readouterr().err.startswith("preprocess: the chief of the cluster does it; waiting\n")


def test_a_chief_that_does_not_end_is_an_error(tmp_path, builds, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(stages, "_CHIEF_SECONDS", 2)
    with pytest.raises(DataError, match=f"{tmp_path}/search: the chief of the cluster did not finish it within 2 s"):
        stage(tmp_path, "a", builds, writes=False).run()
    assert list(tmp_path.iterdir()) == []

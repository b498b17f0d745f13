import json

import pytest

from pipeline.runtime.stage import MARKER, Stage


@pytest.fixture
def builds():
    return []


def stage(tmp_path, mark, builds, fails=False):
    def build(folder):
        builds.append(sorted(path.name for path in (tmp_path / "out.partial").iterdir()))
        (tmp_path / "out.partial" / "half.txt").write_text(mark)
        if fails:
            raise RuntimeError
        assert folder == str(tmp_path / "out.partial")

    return Stage("name", str(tmp_path / "out"), mark, build)


def test_made_once_and_again_when_its_fingerprint_changes(tmp_path, builds):
    assert stage(tmp_path, "a", builds).run()
    assert not stage(tmp_path, "a", builds).run()
    assert stage(tmp_path, "a", builds).run(force=True)
    assert stage(tmp_path, "b", builds).run()
    assert len(builds) == 3
    document = json.loads((tmp_path / "out" / MARKER).read_text())
    assert (document["stage"], document["fingerprint"]) == ("name", "b")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["half.txt", MARKER]


def test_an_interrupted_one_is_never_whole_and_goes_on_if_nothing_changed(tmp_path, builds):
    with pytest.raises(RuntimeError):
        stage(tmp_path, "a", builds, fails=True).run()
    assert not (tmp_path / "out").exists()
    stage(tmp_path, "a", builds).run()
    assert builds[1] == ["begun.json", "half.txt"]
    with pytest.raises(RuntimeError):
        stage(tmp_path, "b", builds, fails=True).run()
    assert (tmp_path / "out" / "half.txt").read_text() == "a"
    stage(tmp_path, "c", builds).run()
    assert builds[3] == ["begun.json"]


def test_a_damaged_marker_counts_as_none(tmp_path, builds):
    made = stage(tmp_path, "a", builds)
    made.run()
    (tmp_path / "out" / MARKER).write_text('{"stage"')
    assert not made.done

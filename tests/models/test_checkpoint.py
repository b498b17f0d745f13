import json

import numpy as np
import pytest
import tensorflow as tf

from models.checkpoint import Checkpoints, Progress


@pytest.fixture
def variables():
    return [tf.Variable(np.arange(6.0).reshape(2, 3)), tf.Variable(np.int64(4))]


def checkpoints(folder, training=None, said=None, **more):
    say = said.append if said is not None else lambda _: None
    return Checkpoints(str(folder), training or {"batch_size": 8}, 0, say, **more)


def changed(variables):
    for variable in variables:
        variable.assign(tf.zeros_like(variable))


def test_everything_comes_back(tmp_path, variables):
    memory, said = [["f1", 0.25], [3]], []
    checkpoints(tmp_path, remember=lambda: memory).save(Progress(32, 0.1 + 0.2, 9.5), variables)
    changed(variables)
    recalled = []
    progress = checkpoints(tmp_path, said=said, recall=recalled.append).restore(variables)
    assert progress == Progress(32, 0.1 + 0.2, 9.5)
    np.testing.assert_array_equal(variables[0].numpy(), [[0, 1, 2], [3, 4, 5]])
    assert variables[1].numpy() == 4
    assert recalled == [memory]
    assert said == ["going on from the checkpoint of step 32"]


def test_the_newest_two_are_kept(tmp_path, variables):
    kept = checkpoints(tmp_path)
    for step in (8, 16, 24):
        kept.save(Progress(step), variables)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000000016", "step-000000000024"]
    kept.clear()
    assert not tmp_path.exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "not json"])
def test_a_damaged_one_is_passed_over(tmp_path, variables, damage):
    kept, said = checkpoints(tmp_path), []
    kept.save(Progress(8), variables)
    variables[1].assign(5)
    kept.save(Progress(16), variables)
    newest = tmp_path / "step-000000000016"
    values = next(newest.glob("variables.data*"))
    if damage == "cut":
        values.write_bytes(values.read_bytes()[:-4])
    elif damage == "flipped":
        values.write_bytes(values.read_bytes()[:-1] + b"\x7f")
    elif damage == "gone":
        values.unlink()
    else:
        (newest / "state.json").write_text('{"training": {"batch')
    changed(variables)
    assert checkpoints(tmp_path, said=said).restore(variables) == Progress(8)
    assert variables[1].numpy() == 4
    assert "step-000000000016 is damaged" in said[0]


def test_another_training_s_is_not_used(tmp_path, variables):
    checkpoints(tmp_path, {"batch_size": 8, "seed": 1}).save(Progress(8), variables)
    said = []
    assert checkpoints(tmp_path, {"batch_size": 16, "seed": 1}, said).restore(variables) is None
    assert "another training (other batch_size)" in said[0]


def test_one_of_an_earlier_version_is_not_used(tmp_path, variables):
    checkpoints(tmp_path).save(Progress(8), variables)
    state = tmp_path / "step-000000000008" / "state.json"
    document = json.loads(state.read_text())
    state.write_text(
        json.dumps({"job": document["training"], "place": {"step": 8}, "memory": None, "files": document["files"]})
    )
    said = []
    assert checkpoints(tmp_path, said=said).restore(variables) is None
    assert "another training (other batch_size)" in said[0]


def test_half_written_ones_do_not_count(tmp_path, variables):
    checkpoints(tmp_path).save(Progress(8), variables)
    (tmp_path / "step-000000000008").rename(tmp_path / "step-000000000016.partial")
    assert checkpoints(tmp_path).restore(variables) is None


def test_one_that_may_not_write_does_not(tmp_path, variables):
    kept = checkpoints(tmp_path / "kept", writes=False)
    kept.save(Progress(8), variables)
    assert not kept.due
    assert not (tmp_path / "kept").exists()


def test_trainings_are_compared_as_json(tmp_path, variables):
    checkpoints(tmp_path, {"widths": (1, 2)}).save(Progress(8), variables)
    assert checkpoints(tmp_path, {"widths": [1, 2]}).restore(variables) == Progress(8)
    state = json.loads((tmp_path / "step-000000000008" / "state.json").read_text())
    assert set(state) == {"training", "progress", "memory", "files"}

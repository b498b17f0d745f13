import numpy as np
import pytest
import tensorflow as tf

from models.literal_path import literal_path


@pytest.mark.parametrize("path", ["/work/plain name/x", "relative/x", "gs://bucket/work [1]/x"])
def test_plain_paths_and_those_of_other_filesystems_stay(path):
    assert literal_path(path) == path


@pytest.mark.parametrize("sign", ["[1]", "*", "?", "{a,b}", "\\"])
def test_checkpoints_are_read_from_a_folder_of_any_name(tmp_path, sign):
    prefix = tmp_path / f"work {sign}" / "variables"
    tf.train.Checkpoint(x=tf.Variable([1.0, 2.0])).write(str(prefix))
    x = tf.Variable([0.0, 0.0])
    tf.train.Checkpoint(x=x).read(literal_path(str(prefix))).assert_consumed()
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])


def test_a_folder_is_linked_once_and_its_own_signs_vanish_too(tmp_path):
    folder = tmp_path / "a [1]" / "b [2]"
    folder.mkdir(parents=True)
    (folder / "file").write_text("text")
    path = literal_path(str(folder))
    assert "[" not in path
    assert path == literal_path(str(folder))
    assert literal_path(str(folder / "file")).rpartition("/")[0] == path

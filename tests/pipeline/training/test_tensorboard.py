"""Event files: read back with TensorFlow alone, as TensorBoard would."""

import tensorflow as tf

from pipeline.runtime.workspace import Workspace
from pipeline.training.tensorboard import Events


def values(folder):
    """All values of the event files in a folder."""
    records = [r.numpy() for path in folder.iterdir() for r in tf.data.TFRecordDataset(str(path))]
    events = [tf.compat.v1.Event.FromString(record) for record in records]
    return [(event.step, value) for event in events for value in event.summary.value]


def test_scalars_and_texts_are_those_of_the_plugins(tmp_path):
    events = Events(Workspace(str(tmp_path)), "search")
    events.write(100, {"loss": 0.5, "auc": 0.75})
    events.say(120, "picks", ["good", "fine"])
    written = values(tmp_path / "logs" / "tensorboard" / "search")
    assert [(step, value.tag, value.metadata.plugin_data.plugin_name) for step, value in written] == [
        (100, "loss", "scalars"),
        (100, "auc", "scalars"),
        (120, "picks", "text"),
    ]
    assert [float(tf.make_ndarray(value.tensor)) for _, value in written[:2]] == [0.5, 0.75]
    assert tf.make_ndarray(written[2][1].tensor).tolist() == [b"good", b"fine"]


def test_nothing_is_written_where_this_process_does_not_write_or_the_folder_is_not_local(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for workspace in (Workspace(str(tmp_path / "work"), writes=False), Workspace("gs://bucket/work")):
        events = Events(workspace, "search")
        events.write(1, {"loss": 0.5})
        events.say(1, "picks", ["good"])
    assert list(tmp_path.iterdir()) == []

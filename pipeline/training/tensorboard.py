"""Event files for TensorBoard, in the work folder's `logs/tensorboard`; to write them does not take TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from pipeline.runtime import files
from pipeline.runtime.workspace import LOGS, Workspace

_SCALAR, _TENSOR = 1, 2  # data classes of SummaryMetadata


class Events:
    """Scalars and texts of one training; nothing where the work folder is not local or this process does not write.

    Args:
      workspace: the work folder.
      name: of the training, such as `search`.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        if workspace.writes and files.is_local(workspace.path):
            self._writer = tf.summary.create_file_writer(workspace.join(LOGS, "tensorboard", name))
        else:
            # A writer that does nothing, so that callers need not ask whether there is one.
            self._writer = tf.summary.create_noop_writer()

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Writes scalars by name."""
        with self._writer.as_default():
            for name, value in figures.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step, _metadata("scalars", _SCALAR))
        # At once: a person looks at the curves while the training goes on.
        self._writer.flush()

    def say(self, step: int, name: str, lines: Sequence[str]) -> None:
        """Writes lines of text."""
        with self._writer.as_default():
            tf.summary.write(name, tf.constant(list(lines)), step, _metadata("text", _TENSOR))
        self._writer.flush()


def _metadata(plugin: str, data_class: int) -> Any:
    """What `tf.summary.scalar` and `.text` would say, which need TensorBoard to be installed."""
    metadata = tf.compat.v1.SummaryMetadata(data_class=data_class)
    metadata.plugin_data.plugin_name = plugin
    return metadata

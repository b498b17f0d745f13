"""Checkpoints of a training: its variables, how far it has come, and what its callbacks remember."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from models.literal_path import literal_path

_STATE = "state.json"
# Checkpoints kept: the newest, and the one before it for when the newest turns out to be damaged.
_KEPT = 2
# Bytes of a file that are summed at a time, so that checking a large table takes little memory.
_BLOCK = 1 << 24


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
      step: optimizer steps made.
      loss: sum of the losses of the steps made in the round that is going on.
      seconds: spent so far, before interruptions too.
    """

    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0


class Checkpoints:
    """The checkpoints of one training in one folder, of which the newest two are kept.

    A checkpoint is a folder `step-<n>` with the variables in TensorFlow's format and `state.json`, which holds the progress,
    the callbacks' memory and a checksum of each file. It is written aside and renamed, so a process killed at any moment leaves
    whole checkpoints only; one that was damaged later is passed over for the one before it.

    Args:
      folder: of any filesystem that TensorFlow writes to; it need not be there.
      training: JSON values that say which training this is; a checkpoint of another is not read.
      minutes: between two checkpoints; 0 writes one whenever the training could.
      say: told in a line what was read, passed over and why.
      remember: gives the callers' state as JSON values.
      recall: is given back what `remember` gave, when a checkpoint is read.
      writes: whether this process is the one that writes.
    """

    def __init__(
        self,
        folder: str,
        training: Mapping[str, object],
        minutes: float = 5,
        say: Callable[[str], None] = print,
        remember: Callable[[], object] = lambda: None,
        recall: Callable[[Any], None] = lambda _: None,
        writes: bool = True,
    ) -> None:
        self.folder, self.seconds, self.say = folder, minutes * 60, say
        self.training = json.loads(json.dumps(training))  # as it will be read: tuples are lists in JSON
        self.remember, self.recall, self.writes = remember, recall, writes
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is old enough for another."""
        return self.writes and time.monotonic() - self._last >= self.seconds

    def save(self, progress: Progress, variables: Sequence[tf.Variable]) -> None:
        """Writes the checkpoint of a step and removes those before its predecessor."""
        if not self.writes:
            return
        path = self._join(f"step-{progress.step:012d}")
        aside = f"{path}.partial"
        _remove(aside)
        tf.io.gfile.makedirs(aside)
        tf.train.Checkpoint(variables=list(variables)).write(f"{aside}/variables")
        checksums = {name: _checksum(f"{aside}/{name}") for name in sorted(tf.io.gfile.listdir(aside))}
        state = {"training": self.training, "progress": asdict(progress), "memory": self.remember(), "files": checksums}
        with tf.io.gfile.GFile(f"{aside}/{_STATE}", "w") as target:
            target.write(json.dumps(state))
        _remove(path)
        tf.io.gfile.rename(aside, path)
        for name in self._names()[:-_KEPT]:
            _remove(self._join(name))
        self._last = time.monotonic()

    def restore(self, variables: Sequence[tf.Variable]) -> Progress | None:
        """Reads the newest whole checkpoint of this training into the variables.

        Returns:
          How far the training had come; None where there is no such checkpoint.
        """
        for name in reversed(self._names()):
            path = self._join(name)
            try:
                state = self._read(path)
            except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
                self.say(f"warning: checkpoint {path} is damaged ({str(error).splitlines()[0]}); trying the one before it")
                continue
            written_by = state.get("training", {})  # earlier versions wrote it under another name
            if written_by != self.training:
                fields = sorted(k for k in {*written_by, *self.training} if written_by.get(k) != self.training.get(k))
                self.say(f"warning: checkpoint {path} is of another training (other {', '.join(fields)}) and is not used")
                continue
            tf.train.Checkpoint(variables=list(variables)).read(
                literal_path(f"{path}/variables")
            ).assert_existing_objects_matched()
            self.recall(state["memory"])
            self.say(f"going on from the checkpoint of step {int(name.removeprefix('step-')):,}")
            return Progress(**state["progress"])
        return None

    def clear(self) -> None:
        """Removes them all, once the training's result is written."""
        if self.writes:
            _remove(self.folder)

    def _read(self, path: str) -> dict[str, Any]:
        with tf.io.gfile.GFile(f"{path}/{_STATE}") as source:
            state: dict[str, Any] = json.loads(source.read())
        for name, checksum in state["files"].items():
            if _checksum(f"{path}/{name}") != checksum:
                raise ValueError(f"{name} has changed since it was written")
        return state

    def _names(self) -> list[str]:
        if not tf.io.gfile.exists(self.folder):
            return []
        # In an object store the names of folders end in a slash.
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(self.folder)]
        return sorted(name for name in names if name.startswith("step-") and not name.endswith(".partial"))

    def _join(self, name: str) -> str:
        return f"{self.folder.rstrip('/')}/{name}"


def _checksum(path: str) -> int:
    value = 0
    with tf.io.gfile.GFile(path, "rb") as source:
        while block := source.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value


def _remove(path: str) -> None:
    if tf.io.gfile.exists(path):
        tf.io.gfile.rmtree(path)

"""Checkpoints of a training: every variable, the place in the data, and what its callbacks remember."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

_STATE = "state.json"
_KEPT = 2
_BLOCK = 1 << 24


class Checkpoints:
    """The checkpoints of one training in one folder, of which the newest two are kept.

    A checkpoint is a folder `step-<n>` with the variables in TensorFlow's format and `state.json`, which holds the place, the
    callbacks' memory and a checksum of each file. It is written aside and renamed, so a process killed at any moment leaves
    whole checkpoints only; one that was damaged later is passed over for the one before it.

    Args:
      folder: of any filesystem that TensorFlow writes to; it need not be there.
      job: JSON values that say which training this is; a checkpoint of another is not read.
      minutes: between two checkpoints; 0 writes one whenever the training could.
      say: told in a line what was read, passed over and why.
      remember: gives the callers' JSON state, which `recall` is given back.
      writes: whether this process is the one that writes.
    """

    def __init__(
        self,
        folder: str,
        job: Mapping[str, Any],
        minutes: float = 5,
        say: Callable[[str], None] = print,
        remember: Callable[[], Any] = lambda: None,
        recall: Callable[[Any], None] = lambda _: None,
        writes: bool = True,
    ) -> None:
        self.folder, self.job, self.seconds, self.say = folder, json.loads(json.dumps(job)), minutes * 60, say
        self.remember, self.recall, self.writes = remember, recall, writes
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is old enough for another."""
        return self.writes and time.monotonic() - self._last >= self.seconds

    def save(self, step: int, place: Mapping[str, Any], variables: Sequence[tf.Variable]) -> None:
        """Writes the checkpoint of a step and removes those before its predecessor."""
        if not self.writes:
            return
        path = self._join(f"step-{step:012d}")
        aside = f"{path}.partial"
        _remove(aside)
        tf.io.gfile.makedirs(aside)
        tf.train.Checkpoint(variables=list(variables)).write(f"{aside}/variables")
        files = {name: _checksum(f"{aside}/{name}") for name in sorted(tf.io.gfile.listdir(aside))}
        state = {"job": self.job, "place": dict(place), "memory": self.remember(), "files": files}
        with tf.io.gfile.GFile(f"{aside}/{_STATE}", "w") as target:
            target.write(json.dumps(state))
        _remove(path)
        tf.io.gfile.rename(aside, path)
        for name in self._names()[:-_KEPT]:
            _remove(self._join(name))
        self._last = time.monotonic()

    def restore(self, variables: Sequence[tf.Variable]) -> dict[str, Any] | None:
        """Reads the newest whole checkpoint of this job into the variables; returns its place, None where there is none."""
        for name in reversed(self._names()):
            path = self._join(name)
            try:
                state = self._read(path)
            except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
                self.say(f"warning: checkpoint {path} is damaged ({str(error).splitlines()[0]}); trying the one before it")
                continue
            if state["job"] != self.job:
                fields = sorted(key for key in {*state["job"], *self.job} if state["job"].get(key) != self.job.get(key))
                self.say(f"warning: checkpoint {path} is of another training (other {', '.join(fields)}) and is not used")
                continue
            tf.train.Checkpoint(variables=list(variables)).read(f"{path}/variables").assert_existing_objects_matched()
            self.recall(state["memory"])
            self.say(f"going on from the checkpoint of step {int(name.removeprefix('step-')):,}")
            return dict(state["place"])
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

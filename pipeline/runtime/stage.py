"""A stage: a folder that is made whole or not at all, and made again only when what it came from has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from features.errors import DataError
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.runtime.tensorflow_import import load_tensorflow

MARKER = "stage.json"
TRAINING = ("search", "select", "prove")  # the stages in which all tasks of a cluster take part
CHECKPOINTS = "checkpoints"  # folder of the work folder in which trainings leave theirs
_CHIEF_SECONDS = 600  # for what the chief alone does at the end of a stage
_PREPROCESS_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Stage:
    """One stage of the main job.

    Attributes:
      name: what a person calls it.
      folder: its output; `stage.json` in it marks it whole and holds its fingerprint.
      fingerprint: of its config and inputs.
      build: makes the output in the folder it is given, which keeps what an interrupted run left there.
    """

    name: str
    folder: str
    fingerprint: str
    build: Callable[[str], None]

    @property
    def done(self) -> bool:
        """Whether the folder is whole and of this fingerprint."""
        return recorded(self.folder) == self.fingerprint

    def run(self, force: bool = False) -> bool:
        """Makes the folder, unless it is done; returns whether anything was made."""
        if self.done and not force:
            say(f"{self.name}: unchanged, skipped", "stage", stage=self.name, status="skipped")
            return False
        if files.access.read_only and self.name == "preprocess":
            say("preprocess: the chief of the cluster does it; waiting")
            return self._await_chief(_PREPROCESS_SECONDS)
        started = time.monotonic()
        say(f"{self.name}: started", "stage", stage=self.name, status="started")
        aside = f"{self.folder}.partial"
        if force or recorded(aside, "begun.json") != self.fingerprint:
            files.remove(aside)
            files.make_folder(aside)
            files.write_json(files.join(aside, "begun.json"), {"fingerprint": self.fingerprint})
        if self.name != "preprocess":  # which loads it while it counts
            load_tensorflow()
        self.build(aside)
        if files.access.read_only:
            return self._await_chief(_CHIEF_SECONDS)
        files.remove(files.join(aside, "begun.json"))
        seconds = time.monotonic() - started
        files.write_json(
            files.join(aside, MARKER),
            {"stage": self.name, "fingerprint": self.fingerprint, "seconds": round(seconds, 1)},
        )
        files.rename(aside, self.folder)
        say(f"{self.name}: done in {seconds:.0f} s", "stage", stage=self.name, status="done", seconds=round(seconds, 1))
        return True

    def _await_chief(self, seconds: int) -> bool:
        for _ in range(seconds):
            if self.done:
                return True
            time.sleep(1)
        raise DataError(f"{self.folder}: the chief of the cluster did not finish it within {seconds} s; see its log")


def recorded(folder: str, marker: str = MARKER) -> str | None:
    """The fingerprint a folder was made with, if it is whole."""
    path = files.join(folder, marker)
    if not files.exists(path):
        return None
    try:
        return str(files.read_json(path)["fingerprint"])
    except (ValueError, KeyError):
        return None

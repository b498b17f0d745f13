"""A stage: a folder that is made whole or not at all, and made again only when what it came from has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from features.document import Document
from features.errors import DataError
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.runtime.tensorflow_import import load_tensorflow
from pipeline.runtime.versions import program_version
from pipeline.runtime.workspace import CHECKPOINTS, TRAINING, Workspace

# Written last, so that a folder with it is whole.
MARKER = "stage.json"
# Written first into an unfinished folder, so that the next run knows whether it may go on from it.
_BEGUN = "begun.json"
# How long a task of a cluster waits for what the chief alone does: all of preprocessing, or the end of a training stage.
_PREPROCESS_SECONDS = 24 * 3600
_CHIEF_SECONDS = 600


class StageRecord(Document):
    """`stage.json`: marks the folder of a stage as whole.

    Attributes:
      stage: its name.
      fingerprint: of the program, the config and the inputs that the folder was made with.
      seconds: that the last run took; an interrupted one went on from what was there.
      version: of Winnow; None in folders of version 0.1.0 and before, which did not write it.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"version"})

    stage: str
    fingerprint: str
    seconds: float
    version: str | None = None


class Begun(Document):
    """`begun.json`: the fingerprint of the stage that an unfinished folder belongs to."""

    fingerprint: str


@dataclass(frozen=True)
class Stage:
    """One stage of the main job.

    Attributes:
      name: as in `workspace.STAGES`.
      workspace: the work folder that its folder lies in.
      fingerprint: of the program, its config and its inputs.
      build: makes the output in the folder it is given, which keeps what an interrupted run left there.
      needs_tensorflow: whether TensorFlow is imported first; preprocessing imports it by itself, while it counts.
    """

    name: str
    workspace: Workspace
    fingerprint: str
    build: Callable[[str], None]
    needs_tensorflow: bool = True

    @property
    def folder(self) -> str:
        """Where the finished output lies."""
        return self.workspace.folder(self.name)

    @property
    def done(self) -> bool:
        """Whether the folder is whole and of this fingerprint."""
        record = read_record(self.folder)
        return record is not None and record.fingerprint == self.fingerprint

    def run(self, force: bool = False) -> bool:
        """Makes the folder, unless it is done; returns whether anything was made.

        A process that does not write takes part in trainings, and waits for the chief's output of every stage.

        Raises:
          DataError: the chief did not finish in time.
        """
        if self.done and not force:
            say(f"{self.name}: unchanged, skipped", "stage", stage=self.name, status="skipped")
            return False
        if self.workspace.writes:
            self._make(force)
        else:
            self._train_along()
        return True

    def _make(self, force: bool) -> None:
        started = time.monotonic()
        say(f"{self.name}: started", "stage", stage=self.name, status="started")
        unfinished = f"{self.folder}.partial"
        # What an interrupted run left is gone on from, if it was to become the same output.
        if force or not self._begun_in(unfinished):
            files.remove(unfinished)
            files.make_folder(unfinished)
            files.write_document(files.join(unfinished, _BEGUN), Begun(fingerprint=self.fingerprint))
        self._build(unfinished)
        files.remove(files.join(unfinished, _BEGUN))
        seconds = time.monotonic() - started
        record = StageRecord(
            stage=self.name, fingerprint=self.fingerprint, seconds=round(seconds, 1), version=program_version()
        )
        files.write_document(files.join(unfinished, MARKER), record)
        files.rename(unfinished, self.folder)
        if self.name in TRAINING:  # what it trained is done; until here a killed run could go on from them
            files.remove(self.workspace.join(CHECKPOINTS))
        say(f"{self.name}: done in {seconds:.0f} s", "stage", stage=self.name, status="done", seconds=round(seconds, 1))

    def _train_along(self) -> None:
        if self.name in TRAINING:
            say(f"{self.name}: started", "stage", stage=self.name, status="started")
            # The same trainings in the same order as the chief's, whose collective operations wait for this process.
            self._build(f"{self.folder}.partial")
            self._await_chief(_CHIEF_SECONDS)
        else:
            say(f"{self.name}: the chief of the cluster does it; waiting")
            self._await_chief(_PREPROCESS_SECONDS)

    def _build(self, folder: str) -> None:
        if self.needs_tensorflow:
            load_tensorflow()
        self.build(folder)

    def _begun_in(self, folder: str) -> bool:
        path = files.join(folder, _BEGUN)
        try:
            return files.exists(path) and files.read_document(Begun, path).fingerprint == self.fingerprint
        except DataError:  # a damaged marker: the folder cannot be trusted
            return False

    def _await_chief(self, seconds: int) -> None:
        for _ in range(seconds):
            if self.done:
                return
            time.sleep(1)
        raise DataError(f"{self.folder}: the chief of the cluster did not finish it within {seconds} s; see its log")


def read_record(folder: str) -> StageRecord | None:
    """The record of a stage's folder, if the folder is whole; a damaged one counts as none, so that the stage runs again."""
    path = files.join(folder, MARKER)
    try:
        return files.read_document(StageRecord, path) if files.exists(path) else None
    except DataError:
        return None

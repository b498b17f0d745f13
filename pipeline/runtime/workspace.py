"""The work folder: where each stage's folder lies in it, and whether this process may write there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.runtime import files

# The folder of each stage of the main job, in the order in which they run.
FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "preprocess": "transformed",
        "search": "search",
        "select": "selection",
        "prove": "proof",
        "export": "model",
        "report": "report",
    }
)
STAGES = tuple(FOLDERS)
TRAINING = ("search", "select", "prove")  # the stages in which all tasks of a cluster take part
CHECKPOINTS = "checkpoints"
LOGS = "logs"
COMPARISON = "compare"


@dataclass(frozen=True)
class Workspace:
    """A work folder, as one process sees it.

    Attributes:
      path: the folder, on any Beam filesystem.
      writes: whether this process writes into it. Every task of a training cluster runs the same stages, but only the
        chief writes; the others train along and leave no file, and so nothing that two processes would write at once.
    """

    path: str
    writes: bool = True

    def folder(self, stage: str) -> str:
        """The folder of a finished stage."""
        return files.join(self.path, FOLDERS[stage])

    def join(self, *names: str) -> str:
        """A path in the work folder."""
        return files.join(self.path, *names)

"""The documents that the stages of a work folder have written, each read as its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from features.comparison import Comparison
from features.document import Document
from features.errors import DataError
from features.manifest import Manifest, ResolvedFeatures
from features.path import SearchPath
from features.proof import Measured, Proof, Timing
from features.selection import Selection
from features.statistics import StatisticsDocument
from pipeline.runtime import files
from pipeline.runtime.workspace import COMPARISON, FOLDERS, Workspace

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class WorkFolderDocuments:
    """The documents of a work folder; those of preprocessing are always there.

    Attributes:
      manifest, features, statistics: of preprocessing.
      path: of the search; this and the following are None where the stage has not run.
      selection: of the choice.
      proof, timing: of the retrainings.
      measured: of the export.
      comparison: of `winnow compare`.
    """

    manifest: Manifest
    features: ResolvedFeatures
    statistics: StatisticsDocument
    path: SearchPath | None = None
    selection: Selection | None = None
    proof: Proof | None = None
    timing: Timing | None = None
    measured: Measured | None = None
    comparison: Comparison | None = None

    @classmethod
    def load(cls, workspace: Workspace) -> WorkFolderDocuments:
        """Reads what there is.

        Args:
          workspace: that the stages have filled.

        Raises:
          DataError: preprocessing has not run, or a document is damaged; names the file.
        """
        return cls(
            manifest=_required(Manifest, workspace.join(FOLDERS["preprocess"], "manifest.json")),
            features=_required(ResolvedFeatures, workspace.join(FOLDERS["preprocess"], "features.json")),
            statistics=_required(StatisticsDocument, workspace.join(FOLDERS["preprocess"], "statistics.json")),
            # What is absent here the page says, with the command that makes it.
            path=_optional(SearchPath, workspace.join(FOLDERS["search"], "path.json")),
            selection=_optional(Selection, workspace.join(FOLDERS["select"], "selection.json")),
            proof=_optional(Proof, workspace.join(FOLDERS["prove"], "proof.json")),
            timing=_optional(Timing, workspace.join(FOLDERS["prove"], "timing.json")),
            measured=_optional(Measured, workspace.join(FOLDERS["export"], "measured.json")),
            comparison=_optional(Comparison, workspace.join(COMPARISON, "compare.json")),
        )


def _optional(kind: type[D], path: str) -> D | None:
    return files.read_document(kind, path) if files.exists(path) else None


def _required(kind: type[D], path: str) -> D:
    document = _optional(kind, path)
    if document is None:
        raise DataError(f"{path}: not there; run `winnow preprocess` first")
    return document

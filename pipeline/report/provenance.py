"""Where a result comes from: config, data, seeds, stages and versions."""

from __future__ import annotations

import platform

from features.config import Config
from features.document import Document
from features.path import SearchSchedule
from pipeline.report.documents import WorkFolderDocuments
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.stage import StageRecord, read_record
from pipeline.runtime.versions import versions
from pipeline.runtime.workspace import COMPARISON, FOLDERS, STAGES, Workspace

# Packages that a result may differ by, for whom it is to be repeated.
_PACKAGES = (
    "winnow",
    "tensorflow",
    "tf_keras",
    "tensorflow-transform",
    "tensorflow-recommenders",
    "apache-beam",
    "pyarrow",
    "numpy",
)


class Seeds(Document):
    """The seeds of a run; `training`: one for each training of the proof."""

    split: int
    selection: int
    training: list[int]


class Provenance(Document):
    """Where a result comes from.

    Attributes:
      config, data: fingerprints of the config and of the transformed rows.
      seeds: of everything drawn.
      stages: the record of each stage's folder that is whole, by folder.
      schedule, method, search_seconds: of the search, where one was made.
      versions: of Python and of packages, by name.
    """

    config: str
    data: str
    seeds: Seeds
    stages: dict[str, StageRecord]
    schedule: SearchSchedule | None
    method: str | None
    search_seconds: float | None
    versions: dict[str, str]


def provenance(config: Config, documents: WorkFolderDocuments, workspace: Workspace) -> Provenance:
    """The provenance of a work folder, as far as its stages have run.

    Args:
      config: of the run.
      documents: of the work folder.
      workspace: that the documents lie in.
    """
    # All but the report's own folder, which is not whole yet.
    folders = [*(FOLDERS[stage] for stage in STAGES if stage != "report"), COMPARISON]
    records = {name: read_record(workspace.join(name)) for name in folders}
    path = documents.path
    return Provenance(
        # The whole config, the work folder too: a report is of one run.
        config=fingerprint(config.model_dump(mode="json")),
        data=fingerprint(documents.manifest.model_dump(mode="json")),
        seeds=_seeds(config),
        stages={name: record for name, record in records.items() if record is not None},
        schedule=path.schedule if path else None,
        method=path.method if path else None,
        search_seconds=path.seconds if path else None,
        versions={"python": platform.python_version()} | versions(_PACKAGES),
    )


def _seeds(config: Config) -> Seeds:
    return Seeds(
        split=config.data.split.seed,
        selection=config.selection.seed,
        training=[config.training.seed + number for number in range(config.proof.seed_count)],
    )

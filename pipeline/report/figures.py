"""The figures of a report: all that its page says, as one document."""

from __future__ import annotations

from features.comparison import Comparison
from features.config import Config
from features.document import Document
from features.proof import Measured
from pipeline.report.budget import BudgetFigures, ChangesSince, budget_figures, changes_since
from pipeline.report.data_quality import DataQuality, data_quality
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.feature_rows import FeatureRow, feature_rows
from pipeline.report.headline import Headline, headline
from pipeline.report.path_rows import PathRow, path_rows
from pipeline.report.proof_rows import ProofRow, proof_row
from pipeline.report.provenance import Provenance, provenance
from pipeline.runtime.workspace import Workspace


class ReportFigures(Document):
    """`report/report.json`.

    Attributes:
      name, label: of the config.
      splits: rows of each.
      headline: full and pruned model in a few numbers.
      features, path, proof: rows of the tables; path and proof are empty where their stage has not run.
      selection, since, compare, measured: None where their stage has not run, or there is no earlier spec.
      data_quality: what to know of the columns.
      provenance: where all of this comes from.
    """

    name: str
    label: str
    splits: dict[str, int]
    headline: Headline
    features: list[FeatureRow]
    path: list[PathRow]
    proof: list[ProofRow]
    selection: BudgetFigures | None
    since: ChangesSince | None
    compare: Comparison | None
    measured: Measured | None
    data_quality: DataQuality
    provenance: Provenance


def report_figures(config: Config, documents: WorkFolderDocuments, workspace: Workspace) -> ReportFigures:
    """Everything the page says.

    Args:
      config: of the run.
      documents: of the work folder.
      workspace: that the documents lie in.
    """
    path = path_rows(documents.path) if documents.path else []
    # Headline and findings are made of the same rows as the tables, so that they cannot differ.
    features = feature_rows(config, documents, path)
    return ReportFigures(
        name=config.name,
        label=documents.features.label,
        splits={name: split.rows for name, split in documents.manifest.splits.items()},
        headline=headline(documents, features),
        features=features,
        path=path,
        proof=[proof_row(point) for point in documents.proof.points] if documents.proof else [],
        selection=budget_figures(documents.selection) if documents.selection else None,
        since=changes_since(documents.selection, documents.proof),
        compare=documents.comparison,
        measured=documents.measured,
        data_quality=data_quality(documents.statistics, features),
        provenance=provenance(config, documents, workspace),
    )

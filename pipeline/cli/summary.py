"""The closing table of a run: what was kept, and the full model against the pruned one."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from features.document import Document
from features.selection import Dropped
from pipeline.report.feature_rows import FeatureRow
from pipeline.report.figures import ReportFigures
from pipeline.report.report import FIGURES_FILE, PAGE_FILE
from pipeline.runtime import files
from pipeline.runtime.workspace import FOLDERS


class KeptSummary(Document):
    """A kept feature; `table_rows` of its vocabulary are cut to `kept_rows`."""

    feature: str
    round: int | None
    width: int
    table_rows: int
    kept_rows: int
    bytes: int


class ModelSummary(Document):
    """The full or the pruned model; `latency_us` is None where it was not measured."""

    features: int
    bytes: int
    auc: float
    log_loss: float
    latency_us: float | None


class RunSummary(Document):
    """The report's main numbers and where things lie, as `winnow run --json` gives them.

    Attributes:
      work_dir, report, model: the work folder, the report's page, the model folder.
      kept: in pick order.
      dropped: the other features, each with a reason.
      split: that the models were scored on; None without a proof.
      latency_batch: rows a request whose latency is given.
      models: `full` and `pruned`, as far as they were proved.
    """

    work_dir: str
    report: str
    model: str
    kept: list[KeptSummary]
    dropped: list[Dropped]
    split: str | None
    latency_batch: int | None
    models: dict[str, ModelSummary]


def run_summary(work_dir: str) -> RunSummary:
    """The summary of a work folder whose report is written.

    Raises:
      DataError: the report is absent or damaged.
    """
    # From the report's figures and not from the stages' documents: the terminal says what the page says.
    figures = files.read_document(ReportFigures, files.join(work_dir, FOLDERS["report"], FIGURES_FILE))
    latency = figures.headline.latency_us
    return RunSummary(
        work_dir=work_dir,
        report=files.join(work_dir, FOLDERS["report"], PAGE_FILE),
        model=files.join(work_dir, FOLDERS["export"]),
        kept=[_kept(row) for row in figures.features if row.decision == "kept"],
        dropped=[Dropped(feature=row.feature, reason=row.reason) for row in figures.features if row.decision == "dropped"],
        split=figures.headline.split,
        latency_batch=latency.batch if latency else None,
        models=_models(figures),
    )


def _kept(row: FeatureRow) -> KeptSummary:
    return KeptSummary.model_validate(row.model_dump(include=set(KeptSummary.model_fields)))


def _models(figures: ReportFigures) -> dict[str, ModelSummary]:
    latency = figures.headline.latency_us
    latencies = {"full": latency.full, "pruned": latency.pruned} if latency else {}
    return {
        row.name: ModelSummary(
            features=row.features,
            bytes=row.bytes,
            auc=row.auc,
            log_loss=row.log_loss,
            latency_us=latencies.get(row.name),
        )
        for row in figures.proof
        if row.name in ("full", "pruned")
    }


def tables(summary: RunSummary) -> Group:
    """The summary as tables for the terminal."""
    dropped = ", ".join(entry.feature for entry in summary.dropped)
    return Group(
        _kept_table(summary),
        Text(f"  dropped: {dropped or 'none'}"),
        _model_table(summary),
        Text(f"report: {summary.report}"),
    )


def _kept_table(summary: RunSummary) -> Table:
    table = Table("kept", "round", "width", "rows", "bytes", box=box.SIMPLE_HEAD)
    table.add_section()
    for row in summary.kept:
        # Rows are named twice only where the selection has cut a vocabulary; float features have no table.
        cut = "" if row.kept_rows == row.table_rows else f" of {row.table_rows:,}"
        rows = f"{row.kept_rows:,}{cut}" if row.table_rows else ""
        # A name is no markup; round 0 is of features that the config keeps, which no round had to pick.
        table.add_row(Text(row.feature), str(row.round or "must"), str(row.width), rows, f"{row.bytes:,}")
    return _right_aligned(table)


def _model_table(summary: RunSummary) -> Table:
    columns = ("model", "features", "bytes", f"{summary.split} AUC", "log loss", f"latency, batch {summary.latency_batch}")
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for name, row in summary.models.items():
        # Milliseconds, in which people think of serving; documents hold microseconds.
        latency = "" if row.latency_us is None else f"{row.latency_us / 1000:.2f} ms"
        table.add_row(name, str(row.features), f"{row.bytes:,}", f"{row.auc:.4f}", f"{row.log_loss:.4f}", latency)
    return _right_aligned(table)


def _right_aligned(table: Table) -> Table:
    # All but the names are numbers.
    for column in table.columns[1:]:
        column.justify = "right"
    return table

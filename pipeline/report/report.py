"""The report: one HTML page on what was kept, what it costs and how sure that is; its numbers also as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import yaml

from features.config import Config
from features.document import Document
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.figures import report_figures
from pipeline.report.page import page
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace

FIGURES_FILE, PAGE_FILE, CONFIG_FILE = "report.json", "index.html", "config.yaml"


def report(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes the report of a work folder, with what its stages have made so far.

    Args:
      config: of the run.
      workspace: that the stages have filled.
      folder: receives `report.json` (all numbers), `features.csv`, `path.csv` and `proof.csv` where there are such,
        `config.yaml` (the config in force, for a rerun) and, last, `index.html`.

    Raises:
      DataError: the work folder holds no transformed data, or a document in it is damaged.
    """
    documents = WorkFolderDocuments.load(workspace)
    figures = report_figures(config, documents, workspace)
    # Before anything is written, so that an error leaves no half a report.
    html = page(figures, documents)
    files.make_folder(folder)
    _write_tables(folder, {"features": figures.features, "path": figures.path, "proof": figures.proof})
    files.write_bytes(files.join(folder, CONFIG_FILE), _yaml(config).encode())
    files.write_document(files.join(folder, FIGURES_FILE), figures)
    files.write_bytes(files.join(folder, PAGE_FILE), html.encode())


def _yaml(config: Config) -> str:
    # Without defaults, so that the file shows what this run asks for.
    settings = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _write_tables(folder: str, tables: dict[str, Sequence[Document]]) -> None:
    for name, rows in tables.items():
        if rows:
            files.write_bytes(files.join(folder, f"{name}.csv"), _csv(rows))


def _csv(rows: Sequence[Document]) -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(type(rows[0]).model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    return target.getvalue().encode()

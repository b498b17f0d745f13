"""The report: one HTML page on what was kept, what it costs and how sure that is; its numbers also as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from features.config import Config
from features.errors import DataError
from pipeline.report.figures import figures
from pipeline.report.page import page
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace

_DOCUMENTS = {
    "features": "transformed/features.json",
    "statistics": "transformed/statistics.json",
    "manifest": "transformed/manifest.json",
    "path": "search/path.json",
    "selection": "selection/selection.json",
    "proof": "proof/proof.json",
    "timing": "proof/timing.json",
    "compare": "compare/compare.json",
    "measured": "model/measured.json",
}


def report(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes the report of a work folder, with what its stages have made so far.

    Args:
      config: of the run.
      workspace: with the folders of the stages before, and of a comparison.
      folder: receives `report.json` (all numbers), `features.csv`, `path.csv` and `proof.csv` where there are such,
        `config.yaml` (the config in force, for a rerun) and, last, `index.html`.

    Raises:
      DataError: the work folder holds no transformed data, or a document in it is damaged.
    """
    found = _load(workspace)
    numbers = figures(config, found, workspace.path)
    html = page(numbers, found)
    files.make_folder(folder)
    for name in ("features", "path", "proof"):
        if numbers[name]:
            files.write_bytes(files.join(folder, f"{name}.csv"), _csv(numbers[name]))
    settings = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    files.write_bytes(files.join(folder, "config.yaml"), text.encode())
    files.write_json(files.join(folder, "report.json"), numbers)
    files.write_bytes(files.join(folder, "index.html"), html.encode())


def _load(workspace: Workspace) -> dict[str, Any]:
    found = {}
    for name, path in _DOCUMENTS.items():
        place = workspace.join(*path.split("/"))
        try:
            found[name] = files.read_json(place) if files.exists(place) else None
        except ValueError as error:
            raise DataError(f"{place}: not a JSON document ({error}); delete its folder and run the stage again") from None
    for name in ("features", "statistics", "manifest"):
        if found[name] is None:
            raise DataError(f"{workspace.join(*_DOCUMENTS[name].split('/'))}: not there; run `winnow preprocess` first")
    return found


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()

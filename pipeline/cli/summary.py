"""The closing table of a run: what was kept, and the full model against the pruned one."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.runtime import files


def closing(work_dir: str) -> dict[str, Any]:
    """The report's main numbers and where things lie, as JSON values.

    Returns:
      `kept`: feature, round, width, rows and bytes of each kept feature, in pick order; `dropped`: feature and reason;
      `models`: features, bytes, AUC, log loss and latency of the full and the pruned model, as far as they were measured.
    """
    numbers = files.read_json(files.join(work_dir, "report", "report.json"))
    fields = ("feature", "round", "width", "table_rows", "kept_rows", "bytes")
    latency = numbers["headline"].get("latency_us") or {}
    models = {}
    for point in numbers["proof"]:
        if point["name"] in ("full", "pruned"):
            figures = {name: point[name] for name in ("features", "bytes", "auc", "log_loss")}
            models[point["name"]] = figures | {"latency_us": latency.get(point["name"])}
    return {
        "work_dir": work_dir,
        "report": files.join(work_dir, "report", "index.html"),
        "model": files.join(work_dir, "model"),
        "kept": [{name: row[name] for name in fields} for row in numbers["features"] if row["decision"] == "kept"],
        "dropped": [
            {name: row[name] for name in ("feature", "reason")} for row in numbers["features"] if row["decision"] == "dropped"
        ],
        "split": numbers["headline"].get("split"),
        "latency_batch": latency.get("batch"),
        "models": models,
    }


def tables(found: dict[str, Any]) -> Group:
    """The same for a person."""
    kept = Table("kept", "round", "width", "rows", "bytes", box=box.SIMPLE_HEAD)
    kept.add_section()
    for row in found["kept"]:
        cut = "" if row["kept_rows"] == row["table_rows"] else f" of {row['table_rows']:,}"
        rows = f"{row['kept_rows']:,}{cut}" if row["table_rows"] else ""
        kept.add_row(row["feature"], str(row["round"] or "must"), str(row["width"]), rows, f"{row['bytes']:,}")
    for column in kept.columns[1:]:
        column.justify = "right"
    models = Table("model", "features", "bytes", f"{found['split']} AUC", "log loss", box=box.SIMPLE_HEAD)
    models.add_column(f"latency, batch {found['latency_batch']}")
    for name, row in found["models"].items():
        latency = "" if row["latency_us"] is None else f"{row['latency_us'] / 1000:.2f} ms"
        models.add_row(name, str(row["features"]), f"{row['bytes']:,}", f"{row['auc']:.4f}", f"{row['log_loss']:.4f}", latency)
    for column in models.columns[1:]:
        column.justify = "right"
    dropped = ", ".join(row["feature"] for row in found["dropped"])
    return Group(kept, Text(f"  dropped: {dropped or 'none'}"), models, Text(f"report: {found['report']}"))

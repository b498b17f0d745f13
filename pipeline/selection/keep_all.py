"""A config that searches nothing: every feature is kept at full width, as after `winnow prune`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.config import Config
from features.cost import table_bytes
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.candidates import Candidates


def whole_path(config: Config, workspace: Workspace, data: Transformed, folder: str) -> None:
    """Writes `path.json` as a search would whose must-keep features are all there are: each is there from the start."""
    found = Candidates.of(config, data)
    points: list[dict[str, Any]] = []
    for encoding in found.encodings:
        width = found.widths[encoding.name]
        size = table_bytes(encoding, width)
        total = size + (points[-1]["cumulative_bytes"] if points else 0)
        point = {"round": 0, "feature": encoding.name, "width": width, "attention": 1.0, "bytes": size}
        points.append(point | {"cumulative_bytes": total})
    document = {
        "method": "none",
        "seed": config.selection.seed,
        "candidates": found.names,
        "units": found.units,
        "widths": dict(found.widths),
        "not_candidates": dict(found.reasons),
        "picks": points,
        "rounds": [],
        "seconds": 0.0,
    }
    if workspace.writes:
        files.write_json(files.join(folder, "path.json"), document)


def keep_all(workspace: Workspace, data: Transformed, path: Mapping[str, Any], folder: str) -> None:
    """Writes `selection.json` with every pick of the path."""
    rows = {encoding.name: encoding.rows for encoding in data.encodings}
    names = ("feature", "round", "attention", "width", "bytes")
    kept = [{name: pick[name] for name in names} | {"rows": rows[pick["feature"]]} for pick in path["picks"]]
    full = sum(entry["bytes"] for entry in kept)
    document = {
        "budget": {"all": True},
        "allocator": "full width",
        "tried": [{"allocator": "full width"}],
        "kept": kept,
        "dropped": [{"feature": name, "reason": reason} for name, reason in path["not_candidates"].items()],
        "bytes": full,
        "full_bytes": full,
        "cost": {"unit": "bytes", "limit": full, "spent": full, "full": full},
    }
    if workspace.writes:
        files.write_json(files.join(folder, "selection.json"), document)
    say(f"select: nothing to choose, all {len(kept)} features are kept")

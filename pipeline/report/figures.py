"""The figures of a report: all that its page says, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.config import Config
from features.cost import table_bytes
from features.encoding import Encoding
from features.statistics import Statistics
from pipeline.report.budget import since, spending
from pipeline.report.data_quality import data_quality
from pipeline.report.provenance import provenance

_FIGURES = ("auc", "log_loss", "normalised_entropy", "calibration")


def figures(config: Config, found: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Everything the page says.

    Args:
      config: of the run.
      found: the documents of the work folder, None where a stage has not run.
      folder: the work folder.
    """
    path = _path(found["path"]) if found["path"] else []
    features = _features(config, found, path)
    return {
        "name": config.name,
        "label": found["features"]["label"],
        "splits": {name: split["rows"] for name, split in found["manifest"]["splits"].items()},
        "headline": _headline(found, features),
        "features": features,
        "path": path,
        "proof": [_proof(point) for point in found["proof"]["points"]] if found["proof"] else [],
        "selection": spending(found["selection"]) if found["selection"] else None,
        "since": since(found),
        "compare": found["compare"],
        "measured": found["measured"],
        "data_quality": data_quality(found, features),
        "provenance": provenance(config, found, folder),
    }


def _path(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row per pick; `gain` is the round's change of the estimated AUC, against .5 at the start."""
    attention = {entry["round"]: np.asarray(entry["attention"]) for entry in document["rounds"]}
    rows: list[dict[str, Any]] = []
    seen, last = set(), 0.5
    for pick in document["picks"]:
        seen.add(pick["feature"])
        row = {name: pick[name] for name in ("round", "feature", "width", "bytes", "cumulative_bytes", "attention")}
        weights = attention.get(pick["round"])
        row["equal_shares"] = None if weights is None else round(pick["attention"] * np.count_nonzero(weights), 4)
        estimate = pick.get("estimate") or {}
        auc = estimate.get("auc")
        gain = None if auc is None else round(auc - last, 6)
        last = last if auc is None else auc
        figures = {"estimated_auc": auc, "estimated_log_loss": estimate.get("log_loss"), "gain": gain}
        rows.append(row | {"score": pick.get("score"), "features": len(seen)} | figures)
    return rows


def _features(config: Config, found: Mapping[str, Any], path: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row per feature: the kept ones first, then in the order of their picks, then the rest."""
    kinds = {feature["name"]: feature.get("kind", "categorical") for feature in found["features"]["features"]}
    encodings = {values["name"]: Encoding(**values) for values in found["features"]["encodings"]}
    statistics = {values["name"]: Statistics.model_validate(values) for values in found["statistics"]["features"]}
    picks: dict[str, Mapping[str, Any]] = {}
    for pick in path:
        picks.setdefault(pick["feature"], pick)
    selection = found["selection"] or {"kept": [], "dropped": []}
    kept = {entry["feature"]: entry for entry in selection["kept"]}
    reasons = dict((found["path"] or {}).get("not_candidates", {}))
    reasons |= {entry["feature"]: entry["reason"] for entry in selection["dropped"]}
    rows = []
    for name in dict.fromkeys([*kept, *picks, *kinds]):
        own, pick, encoding = statistics[name], picks.get(name, {}), encodings[name]
        full = encoding.width(config.model.embedding_width)
        if name in kept:
            reason = f"picked in round {kept[name]['round']}" if kept[name]["round"] else "kept by the config"
        else:
            reason = reasons.get(name) or own.fault or ""
        rows.append(
            {
                "feature": name,
                "kind": kinds[name],
                "distinct": own.distinct,
                "missing": own.missing,
                "missing_share": round(own.missing / max(found["manifest"]["splits"]["train"]["rows"], 1), 6),
                "table_rows": encoding.rows,
                "kept_rows": kept[name]["rows"] if name in kept else 0,
                "order": list(picks).index(name) + 1 if name in picks else None,
                **{field: pick.get(field) for field in ("round", "attention", "equal_shares", "score", "gain")},
                "full_width": full,
                "width": kept[name]["width"] if name in kept else 0,
                "full_bytes": table_bytes(encoding, full),
                "bytes": kept[name]["bytes"] if name in kept else 0,
                "decision": ("kept" if name in kept else "dropped") if found["selection"] else "open",
                "reason": reason,
            }
        )
    return rows


def _headline(found: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept = [row for row in features if row["decision"] == "kept"]
    headline: dict[str, Any] = {
        "features": len(features),
        "kept": len(kept) if found["selection"] else None,
        "full_bytes": sum(row["full_bytes"] for row in features),
        "bytes": sum(row["bytes"] for row in kept) if found["selection"] else None,
    }
    points = {point["name"]: point for point in found["proof"]["points"]} if found["proof"] else {}
    if {"full", "pruned"} <= set(points):
        full, pruned = points["full"]["auc"], points["pruned"]["auc"]
        headline |= {name: found["proof"][name] for name in ("split", "rows", "seeds", "confidence")}
        headline |= {
            "full_auc": full["mean"],
            "full_interval": full["interval"],
            "auc": pruned["mean"],
            "interval": pruned["interval"],
            "auc_kept": pruned["mean"] / full["mean"],
            "difference": pruned["difference"],
            "difference_interval": pruned["difference_interval"],
        }
    speed = (found["timing"] or {}).get("training_examples_per_second", {})
    if speed.get("full") and speed.get("pruned"):
        headline["examples_per_second"] = {name: speed[name] for name in ("full", "pruned")}
    latency = (found["measured"] or {}).get("latency_us", {})
    shared = [batch for batch in latency.get("full", {}) if batch in latency.get("pruned", {})]
    if shared:
        batch = "32" if "32" in shared else shared[0]
        headline["latency_us"] = {"batch": int(batch)} | {name: latency[name][batch] for name in ("full", "pruned")}
    return headline


def _proof(point: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: point[name] for name in ("name", "features", "bytes")}
    row |= {name: point.get("block_sparsity", {}).get(name) for name in ("block", "sparsity")}
    for figure in _FIGURES:
        values = point[figure]
        (low, high), (less, more) = values["interval"], values["difference_interval"]
        row |= {figure: values["mean"], f"{figure}_low": low, f"{figure}_high": high}
        row |= {f"{figure}_difference": values["difference"]}
        row |= {f"{figure}_difference_low": less, f"{figure}_difference_high": more}
    return row

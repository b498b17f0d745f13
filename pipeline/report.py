"""The report: one HTML page on what was kept, what it costs and how sure that is; its numbers also as CSV and JSON."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from typing import Any

import jinja2
import numpy as np
import yaml
from markupsafe import Markup

from features.config import Config
from features.cost import table_bytes
from features.encoding import Encoding
from features.errors import DataError
from features.statistics import Statistics
from pipeline import files
from pipeline.charts import Point, Series, attention_map, quality_plot
from pipeline.stage import MARKER, fingerprint

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
_REMEDIES = {
    "path": ("The path of picks and the attention behind it", "winnow select CONFIG"),
    "selection": ("Which features are kept", "winnow select CONFIG"),
    "proof": ("The proof: full and pruned model trained from scratch", "winnow retrain CONFIG"),
    "measured": ("Serving latency and size on disk", "winnow export CONFIG"),
    "compare": ("Other selection methods on the same data", "winnow compare CONFIG"),
}
_UNITS = ("features", "bytes", "parameters", "cost", "latency", "auto", "all")
_FIGURES = ("auc", "log_loss", "normalised_entropy", "calibration")
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
_NEAR_UNIQUE = 0.5  # distinct values per value seen
_COLOURS = 6
_MINUS = "\N{MINUS SIGN}"


def report(config: Config, workspace_folder: str, output_folder: str) -> None:
    """Writes the report of a work folder, with what its stages have made so far.

    Args:
      config: of the run.
      workspace_folder: holds the stages' folders (`transformed`, `search`, `selection`, `proof`, `model`, `compare`).
      output_folder: receives `report.json` (all numbers), `features.csv`, `path.csv` and `proof.csv` where there are such,
        `config.yaml` (the config in force, for a rerun) and, last, `index.html`.

    Raises:
      DataError: the work folder holds no transformed data, or a document in it is damaged.
    """
    found = _load(workspace_folder)
    numbers = _numbers(config, found, workspace_folder)
    page = _render(numbers, found)
    files.make_folder(output_folder)
    for name in ("features", "path", "proof"):
        if numbers[name]:
            files.write_bytes(files.join(output_folder, f"{name}.csv"), _csv(numbers[name]))
    settings = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    files.write_bytes(files.join(output_folder, "config.yaml"), text.encode())
    files.write_json(files.join(output_folder, "report.json"), numbers)
    files.write_bytes(files.join(output_folder, "index.html"), page.encode())


def _load(folder: str) -> dict[str, Any]:
    found = {}
    for name, path in _DOCUMENTS.items():
        place = files.join(folder, *path.split("/"))
        try:
            found[name] = files.read_json(place) if files.exists(place) else None
        except ValueError as error:
            raise DataError(f"{place}: not a JSON document ({error}); delete its folder and run the stage again") from None
    for name in ("features", "statistics", "manifest"):
        if found[name] is None:
            raise DataError(f"{files.join(folder, *_DOCUMENTS[name].split('/'))}: not there; run `winnow preprocess` first")
    return found


def _numbers(config: Config, found: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Everything the page says, as plain JSON values."""
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
        "selection": _selection(found, features) if found["selection"] else None,
        "compare": found["compare"],
        "measured": found["measured"],
        "data_quality": _data_quality(found, features),
        "provenance": _provenance(config, found, folder),
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
    statistics = {values["name"]: Statistics.from_dict(values) for values in found["statistics"]["features"]}
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


def _selection(found: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The budget in words and, where it is on an axis of the plots, as a number; the allocators tried."""
    document = found["selection"]
    unit = next(unit for unit in _UNITS if document["budget"].get(unit) is not None)
    amount = document["budget"][unit]
    words, limit = f"{unit} {amount}", None
    if isinstance(amount, str) and amount.strip().endswith("%"):
        words = f"{amount} of the {unit}"
        candidates = (found["path"] or {}).get("candidates", [row["feature"] for row in features])
        limit = sum(row["full_bytes"] for row in features if row["feature"] in candidates) * float(amount.strip("% ")) / 100
    elif unit == "all":
        words = "none, everything is kept"
    elif not isinstance(amount, str):
        words, limit = f"{amount:,} {unit}", amount
    drawn = unit == "features" or (unit == "bytes" and not document["budget"].get("slots"))
    figures = {"unit": unit, "limit": limit if drawn else None, "allocator": document["allocator"], "tried": document["tried"]}
    return {"budget": words} | figures


def _proof(point: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: point[name] for name in ("name", "features", "bytes")}
    for figure in _FIGURES:
        values = point[figure]
        (low, high), (less, more) = values["interval"], values["difference_interval"]
        row |= {figure: values["mean"], f"{figure}_low": low, f"{figure}_high": high}
        row |= {f"{figure}_difference": values["difference"]}
        row |= {f"{figure}_difference_low": less, f"{figure}_difference_high": more}
    return row


def _data_quality(found: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a person should know of the columns; `rejected` and `drift` where preprocessing has counted them."""
    findings = []
    ordinary = ("", "not chosen", "excluded by the config")
    statistics = {values["name"]: Statistics.from_dict(values) for values in found["statistics"]["features"]}
    for row in features:
        name, own = row["feature"], statistics[row["feature"]]
        if row["decision"] != "kept" and row["reason"] not in ordinary:
            findings.append({"feature": name, "finding": row["reason"], "detail": "takes no part in the selection"})
        elif row["kind"] in ("categorical", "multivalued") and own.distinct > _NEAR_UNIQUE * own.count > 0:
            detail = f"{own.distinct:,} distinct values among {own.count:,}: an id this rare cannot be learnt"
            findings.append({"feature": name, "finding": "near-unique", "detail": detail})
        if row["missing_share"] > 0.5:
            detail = f"no value in {100 * row['missing_share']:.1f} % of the train rows"
            findings.append({"feature": name, "finding": "mostly missing", "detail": detail})
    splits = found["statistics"].get("splits", {})
    other = {values["name"]: Statistics.from_dict(values) for values in splits.get("test", [])}
    drift = [_drift(own, other[name]) for name, own in statistics.items() if name in other]
    drift.sort(key=lambda row: -max(row["top_values"], abs(row["missing_share"]), abs(row["mean"] or 0)))
    return {"findings": findings, "rejected": found["statistics"].get("rejected"), "drift": drift}


def _drift(train: Statistics, test: Statistics) -> dict[str, Any]:
    """Test against train: change of the missing share, of the mean (in train deviations), and of the top values' shares.

    `top_values` is the total variation distance over the most frequent values of both (0 alike, 1 disjoint).
    """
    shares = [{value: count / max(own.count, 1) for value, count in own.top} for own in (train, test)]
    moved = sum(abs(shares[0].get(value, 0) - shares[1].get(value, 0)) for value in {*shares[0], *shares[1]}) / 2
    missing = [own.missing / max(own.count + own.missing, 1) for own in (train, test)]
    known = train.mean is not None and test.mean is not None and train.std
    mean = ((test.mean or 0) - (train.mean or 0)) / (train.std or 1) if known else None
    return {"feature": train.name, "missing_share": missing[1] - missing[0], "mean": mean, "top_values": moved}


def _provenance(config: Config, found: Mapping[str, Any], folder: str) -> dict[str, Any]:
    stages = {}
    for name in ("transformed", "search", "selection", "proof", "model", "compare"):
        marker = files.join(folder, name, MARKER)
        if files.exists(marker):
            stages[name] = files.read_json(marker)
    seeds: dict[str, Any] = {"split": config.data.split.seed, "selection": config.selection.seed}
    return {
        "config": fingerprint(config.model_dump(mode="json")),
        "data": fingerprint(found["manifest"]),
        "seeds": seeds | {"training": [config.training.seed + number for number in range(config.proof.seeds)]},
        "stages": stages,
        "schedule": (found["path"] or {}).get("schedule"),
        "method": (found["path"] or {}).get("method"),
        "search_seconds": (found["path"] or {}).get("seconds"),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def _render(numbers: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"auc": _auc, "change": _change, "size": _size, "percent": _percent, "count": _count}
    template = environment.from_string(resources.files("pipeline").joinpath("report.html").read_text("utf-8"))
    absent = [remedy for name, remedy in _REMEDIES.items() if found[name] is None]
    return template.render(numbers, absent=absent, charts=_charts(numbers, found))


def _charts(numbers: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    estimated = [row for row in numbers["path"] if row["estimated_auc"] is not None]
    asked = numbers["selection"]
    charts: dict[str, Any] = {"heat": None, "path": [], "compare": []}
    for cost, column, label, form in _costs():
        points = [Point(row[column], row["estimated_auc"], _pick_title(row)) for row in estimated]
        series = [Series("estimated during the search", "estimate", points, line=True)]
        for style, chosen in (("proved", False), ("chosen", True)):
            proved = [_proved(row, cost) for row in numbers["proof"] if (row["name"] == "pruned") == chosen]
            series.append(Series(style, style, proved))
        level = numbers["headline"].get("full_auc")
        limit = asked["limit"] if asked and asked["unit"] == cost else None
        charts["path"].append(quality_plot(series, label, form, limit, level))
        if numbers["compare"]:
            charts["compare"].append(quality_plot(_compared(numbers["compare"]["methods"], cost), label, form))
    if found["path"] and found["path"]["rounds"]:
        charts["heat"] = _heat(found["path"], numbers)
    return charts


def _costs() -> list[tuple[str, str, str, Any]]:
    return [
        ("features", "features", "features", _count),
        ("bytes", "cumulative_bytes", "bytes of embedding tables", _size),
    ]


def _pick_title(row: Mapping[str, Any]) -> str:
    return f"round {row['round']}: {row['feature']}, AUC {_auc(row['estimated_auc'])}, {_size(row['cumulative_bytes'])}"


def _proved(row: Mapping[str, Any], cost: str) -> Point:
    title = f"{row['name']}: {row['features']} features, {_size(row['bytes'])}, AUC {_auc(row['auc'])}"
    return Point(row[cost], row["auc"], title, (row["auc_low"], row["auc_high"]))


def _compared(methods: Mapping[str, Any], cost: str) -> list[Series]:
    series = []
    for index, (name, method) in enumerate(methods.items()):
        curve = sorted(method["curve"], key=lambda point: point[cost])
        points = [
            Point(
                p[cost],
                p["auc"],
                f"{name}: {p['features']} features, {_size(p['bytes'])}, AUC {_auc(p['auc'])}",
                p.get("interval"),
            )
            for p in curve
        ]
        series.append(Series(name, f"s{index % _COLOURS}", points, line=True))
    return series


def _heat(path: Mapping[str, Any], numbers: Mapping[str, Any]) -> tuple[Markup, Markup, tuple[float, float]]:
    attention = np.asarray([entry["attention"] for entry in path["rounds"]], float).T
    shares = np.where(attention > 0, attention * np.count_nonzero(attention, axis=0), np.nan)
    names = list(path["candidates"])
    order = list(dict.fromkeys([*(pick["feature"] for pick in path["picks"] if pick["round"] > 0), *names]))
    order = [name for name in order if not np.isnan(shares[names.index(name)]).all()]
    columns = {entry["round"]: column for column, entry in enumerate(path["rounds"])}
    picks: dict[int, list[int]] = {}
    for pick in path["picks"]:
        if pick["round"] in columns and pick["feature"] in order:
            picks.setdefault(columns[pick["round"]], []).append(order.index(pick["feature"]))
    kept = frozenset(row["feature"] for row in numbers["features"] if row["decision"] == "kept")
    return attention_map(order, shares[[names.index(name) for name in order]], picks, kept)


def _auc(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def _change(value: float) -> str:
    return (_MINUS if round(value, 4) < 0 else "+") + _auc(abs(value))


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %".replace("-", _MINUS)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _size(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} TB"

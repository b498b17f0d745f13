"""The report as a page: the figures in words, tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from pipeline.report.charts import Point, Series, attention_map, quality_plot

_REMEDIES = {
    "path": ("The path of picks and the attention behind it", "winnow select CONFIG"),
    "selection": ("Which features are kept", "winnow select CONFIG"),
    "proof": ("The proof: full and pruned model trained from scratch", "winnow prove CONFIG"),
    "measured": ("Serving latency and size on disk", "winnow export CONFIG"),
    "compare": ("Other selection methods on the same data", "winnow compare CONFIG"),
}
_COLOURS = 6
_MINUS = "\N{MINUS SIGN}"


def page(numbers: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The HTML.

    Args:
      numbers: the report's figures.
      found: the documents they come from.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"auc": _auc, "change": _change, "size": _size, "percent": _percent, "count": _count}
    template = environment.from_string(resources.files("pipeline.report").joinpath("report.html").read_text("utf-8"))
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

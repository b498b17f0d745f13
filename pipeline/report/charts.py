"""The pictures of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from features.comparison import ComparedPoint, Comparison
from features.path import SearchPath
from pipeline.report.attention_map import AttentionMap, map_of_path
from pipeline.report.figures import ReportFigures
from pipeline.report.numbers import auc, count, size
from pipeline.report.path_rows import PathRow
from pipeline.report.proof_rows import ProofRow
from pipeline.report.quality_plot import Point, Series, quality_plot

Cost = Literal["features", "bytes"]
COLOURS = 6  # of the page's style sheet: classes s0 to s5
# What a quality can be drawn against: the label of the axis, and the form of its numbers.
AXES: dict[Cost, tuple[str, Callable[[float], str]]] = {
    "features": ("features", count),
    "bytes": ("bytes of embedding tables", size),
}


@dataclass(frozen=True)
class Charts:
    """The pictures: the attention map where there was a search with rounds, and a plot for each axis of cost."""

    heat: AttentionMap | None
    path: list[Markup]
    compare: list[Markup]


def charts(figures: ReportFigures, path: SearchPath | None) -> Charts:
    """The pictures of a report.

    Args:
      figures: of the report.
      path: of the search, where one was made.
    """
    kept = frozenset(row.feature for row in figures.features if row.decision == "kept")
    return Charts(
        heat=map_of_path(path, kept) if path and path.rounds else None,
        path=[_path_plot(figures, cost) for cost in AXES],
        compare=[_comparison_plot(figures.compare, cost) for cost in AXES] if figures.compare else [],
    )


def _path_plot(figures: ReportFigures, cost: Cost) -> Markup:
    series = [Series("estimated during the search", "estimate", _estimated(figures.path, cost), line=True)]
    # The pruned model last, on top and in a style of its own: it is what was chosen.
    for style, chosen in (("proved", False), ("chosen", True)):
        points = [_proved(row, cost) for row in figures.proof if (row.name == "pruned") == chosen]
        series.append(Series(style, style, points))
    budget = figures.selection
    limit = budget.limit if budget and budget.unit == cost else None
    return quality_plot(series, *AXES[cost], budget=limit, level=figures.headline.full_auc)


def _comparison_plot(comparison: Comparison, cost: Cost) -> Markup:
    series = []
    for index, (name, method) in enumerate(comparison.methods.items()):
        # By cost, as the line joins the points in this order.
        curve = sorted(method.curve, key=lambda point: _cost(point, cost))
        points = [_compared(name, point, cost) for point in curve]
        series.append(Series(name, f"s{index % COLOURS}", points, line=True))
    return quality_plot(series, *AXES[cost])


def _estimated(path: Sequence[PathRow], cost: Cost) -> list[Point]:
    return [
        Point(
            row.features if cost == "features" else row.cumulative_bytes,
            row.estimated_auc,
            f"round {row.round}: {row.feature}, AUC {auc(row.estimated_auc)}, {size(row.cumulative_bytes)}",
        )
        for row in path
        if row.estimated_auc is not None
    ]


def _proved(row: ProofRow, cost: Cost) -> Point:
    return Point(_cost(row, cost), row.auc, _words(row.name, row), (row.auc_low, row.auc_high))


def _compared(method: str, point: ComparedPoint, cost: Cost) -> Point:
    return Point(_cost(point, cost), point.auc, _words(method, point), point.interval)


def _cost(point: ProofRow | ComparedPoint, cost: Cost) -> float:
    return point.features if cost == "features" else point.bytes


def _words(name: str, point: ProofRow | ComparedPoint) -> str:
    return f"{name}: {point.features} features, {size(point.bytes)}, AUC {auc(point.auc)}"

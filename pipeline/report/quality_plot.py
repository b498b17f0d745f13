"""A plot of quality against cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from markupsafe import Markup
from matplotlib.ticker import LogLocator, MaxNLocator

from pipeline.report.svg import line, markup, svg, text, title

WIDTH, HEIGHT = 480, 340
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 16, 46  # margins around the axes, for the numbers and words beside them
LOG_RATIO = 20  # of the largest to the smallest proved cost from which on the axis is logarithmic


@dataclass(frozen=True)
class Point:
    """One mark of a plot: where it is, its interval in y, and what a pointer over it says."""

    x: float
    y: float
    title: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Series:
    """Points of one colour; `style` is a class of the page's style sheet, `line` joins them."""

    name: str
    style: str
    points: Sequence[Point]
    line: bool = False


@dataclass(frozen=True)
class _Scale:
    """Maps values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        locator = LogLocator(numticks=6) if self.log else MaxNLocator(7, steps=[1, 2, 5, 10])
        # A tick at the very end may lie outside it by a rounding.
        margin = 1e-9 * abs(self.high)
        return [float(v) for v in locator.tick_values(self.low, self.high) if self.low - margin <= v <= self.high + margin]


def quality_plot(
    series: Sequence[Series],
    x_label: str,
    x_format: Callable[[float], str],
    budget: float | None = None,
    level: float | None = None,
    y_label: str = "AUC",
) -> Markup:
    """Quality against cost.

    Args:
      series: what to draw, the last on top.
      x_label: what x is, with its unit.
      x_format: of a tick's number.
      budget: the x of a vertical line.
      level: the y of a horizontal line.
      y_label: what y is.

    Returns:
      An `svg` element; empty where there is nothing to draw.
    """
    points = [point for one in series for point in one.points]
    if not points:
        return Markup("")
    x, y = _x_scale(points, budget), _y_scale(points, level)
    root = svg(WIDTH, HEIGHT, f"{y_label} against {x_label}", "plot")
    _y_axis(root, y)
    _x_axis(root, x, x_label, x_format)
    text(root, 0, TOP - 4, y_label, "")
    if level is not None:
        line(root, LEFT, y(level), WIDTH - RIGHT, y(level), "level")
    if budget is not None:
        line(root, x(budget), TOP, x(budget), HEIGHT - BOTTOM, "budget")
    for one in series:
        _draw(root, one, x, y)
    return markup(root)


def _x_scale(points: Sequence[Point], budget: float | None) -> _Scale:
    values = [point.x for point in points] + ([budget] if budget is not None else [])
    # Budgets of a few percent would all lie on the axis of a linear scale.
    proved = [point.x for point in points if point.interval]
    log = bool(proved) and 0 < min(proved) * LOG_RATIO < max(values)
    low = min(value for value in values if value > 0) if log else 0.0
    # A little beyond the last point, whose mark would be cut in half.
    return _Scale(low, max(max(values), low + 1e-9) * 1.03, LEFT, WIDTH - RIGHT, log)


def _y_scale(points: Sequence[Point], level: float | None) -> _Scale:
    values = [value for point in points for value in (point.y, *(point.interval or ()))]
    values += [level] if level is not None else []
    margin = (max(values) - min(values)) * 0.06 or 0.01
    return _Scale(min(values) - margin, max(values) + margin, HEIGHT - BOTTOM, TOP)


def _y_axis(root: Element, y: _Scale) -> None:
    levels = y.ticks()
    # All ticks have as many digits as the one that needs most, so that their points stand in a column.
    places = max(2, *(len(f"{value:.6g}".partition(".")[2]) for value in levels))
    for value in levels:
        line(root, LEFT, y(value), WIDTH - RIGHT, y(value), "grid")
        text(root, LEFT - 6, y(value) + 4, f"{value:.{places}f}".removeprefix("0"), "tick end")


def _x_axis(root: Element, x: _Scale, label: str, form: Callable[[float], str]) -> None:
    for value in x.ticks():
        line(root, x(value), HEIGHT - BOTTOM, x(value), HEIGHT - BOTTOM + 4, "axis")
        text(root, x(value), HEIGHT - BOTTOM + 18, form(value), "tick middle")
    line(root, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis")
    text(root, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, label, "middle")


def _draw(root: Element, series: Series, x: _Scale, y: _Scale) -> None:
    group = SubElement(root, "g", {"class": series.style})
    if series.line:
        SubElement(group, "polyline", {"points": " ".join(f"{x(point.x)},{y(point.y)}" for point in series.points)})
    for point in series.points:
        _mark(group, point, x, y)


def _mark(group: Element, point: Point, x: _Scale, y: _Scale) -> None:
    across = x(point.x)
    if point.interval:
        low, high = (y(value) for value in point.interval)
        line(group, across, low, across, high, "interval")
        for end in (low, high):
            line(group, across - 4, end, across + 4, end, "interval")
    radius = "4.5" if point.interval else "2.8"
    circle = SubElement(group, "circle", {"cx": str(across), "cy": str(y(point.y)), "r": radius})
    title(circle, point.title)

"""Pictures of the report: SVG that takes its colours from the page's style, so that one picture fits light and dark."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.image import imsave
from matplotlib.ticker import LogLocator, MaxNLocator

WIDTH, HEIGHT = 480, 340
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 16, 46
_HEAT = (56, 120, 220)  # one hue whose opacity is the value: it stands out from white and from black
_NAME_WIDTH, _NAME_LETTERS = 142, 20


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
    x, y = _scales(points, budget, level)
    root = _svg(WIDTH, HEIGHT, f"{y_label} against {x_label}", "plot")
    _axes(root, x, y, x_label, y_label, x_format)
    if level is not None:
        _line(root, LEFT, y(level), WIDTH - RIGHT, y(level), "level")
    if budget is not None:
        _line(root, x(budget), TOP, x(budget), HEIGHT - BOTTOM, "budget")
    for one in series:
        group = SubElement(root, "g", {"class": one.style})
        if one.line:
            at = " ".join(f"{x(point.x)},{y(point.y)}" for point in one.points)
            SubElement(group, "polyline", {"points": at})
        for point in one.points:
            _mark(group, point, x, y)
    return _markup(root)


def attention_map(
    names: Sequence[str], shares: npt.NDArray[np.float64], picks: Mapping[int, Sequence[int]], kept: frozenset[str]
) -> tuple[Markup, Markup, tuple[float, float]]:
    """Candidates by rounds, the stronger the attention the darker; picks are ringed.

    Args:
      names: [candidates], in the order of the rows.
      shares: [candidates, rounds] attention as a multiple of an equal share; not a number where there was none.
      picks: the rows picked at the end of each round, by column.
      kept: names to set in bold.

    Returns:
      The names and the cells as two `svg` elements of one height, so that the cells can scroll beside the names, and the
      shares that the palest and the darkest shade stand for.
    """
    rows, columns = shares.shape
    tall, wide, top = (14 if rows <= 120 else 10), min(20, max(3, 880 // columns)), 18
    # The few strongest cells, most of them of the first rounds, would leave the rest pale.
    low, high = (float(value) for value in np.nanpercentile(shares, [1, 99]))
    text = _svg(_NAME_WIDTH, top + rows * tall + 4, "candidates", "heat names" if rows <= 120 else "heat names dense")
    for row, name in enumerate(names):
        place = {"x": "0", "y": str(top + row * tall + tall - 3), "class": "kept" if name in kept else ""}
        label = SubElement(text, "text", place)
        label.text = _short(name)
        SubElement(label, "title").text = name
    cells = _svg(columns * wide + 8, top + rows * tall + 4, "attention by candidate and round", "heat cells")
    SubElement(
        cells,
        "image",
        {
            "href": _png(shares, low, high),
            "y": str(top),
            "width": str(columns * wide),
            "height": str(rows * tall),
            "preserveAspectRatio": "none",
        },
    )
    for number in range(0, columns + 1, _stride(columns, wide)):
        at = max(number, 1)
        SubElement(cells, "text", {"x": str((at - 0.5) * wide), "y": "12", "class": "tick middle"}).text = str(at)
    for column, picked in picks.items():
        for row in picked:
            box = {
                "x": str(column * wide),
                "y": str(top + row * tall),
                "width": str(wide),
                "height": str(tall),
                "class": "pick" if wide > 6 else "pick narrow",
            }
            ring = SubElement(cells, "rect", box)
            SubElement(ring, "title").text = f"round {column + 1}: {names[row]}, {shares[row, column]:.2f} times an equal share"
    return _markup(text), _markup(cells), (low, high)


def _short(name: str) -> str:
    """Cut in the middle: names of one source differ at their ends."""
    half = _NAME_LETTERS // 2
    return name if len(name) <= _NAME_LETTERS else f"{name[:half]}…{name[-half + 1 :]}"


def _stride(columns: int, wide: int) -> int:
    return next(step for step in (5, 10, 20, 50, 100, 500, 10_000) if step * wide >= 30)


def _png(shares: npt.NDArray[np.float64], low: float, high: float) -> str:
    """One pixel a cell: 300 candidates over 300 rounds stay below 100 kB."""
    strength = np.clip((shares - low) / max(high - low, 1e-9), 0, 1)
    pixels = np.zeros((*shares.shape, 4), np.uint8)
    pixels[..., :3] = _HEAT
    pixels[..., 3] = np.where(np.isnan(shares), 0, 20 + 235 * np.nan_to_num(strength))
    target = io.BytesIO()
    imsave(target, pixels, format="png")
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def _scales(points: Sequence[Point], budget: float | None, level: float | None) -> tuple[_Scale, _Scale]:
    across = [point.x for point in points] + ([budget] if budget is not None else [])
    up = [value for point in points for value in (point.y, *(point.interval or ()))] + ([level] if level is not None else [])
    # Budgets of a few percent would all lie on the axis of a linear scale.
    proved = [point.x for point in points if point.interval]
    log = bool(proved) and 0 < min(proved) * 20 < max(across)
    low = min(value for value in across if value > 0) if log else 0.0
    margin = (max(up) - min(up)) * 0.06 or 0.01
    x = _Scale(low, max(max(across), low + 1e-9) * 1.03, LEFT, WIDTH - RIGHT, log)
    return x, _Scale(min(up) - margin, max(up) + margin, HEIGHT - BOTTOM, TOP)


def _axes(root: Element, x: _Scale, y: _Scale, x_label: str, y_label: str, x_format: Callable[[float], str]) -> None:
    levels = y.ticks()
    places = max(2, *(len(f"{value:.6g}".partition(".")[2]) for value in levels))
    for value in levels:
        _line(root, LEFT, y(value), WIDTH - RIGHT, y(value), "grid")
        _text(root, LEFT - 6, y(value) + 4, f"{value:.{places}f}".removeprefix("0"), "tick end")
    for value in x.ticks():
        _line(root, x(value), HEIGHT - BOTTOM, x(value), HEIGHT - BOTTOM + 4, "axis")
        _text(root, x(value), HEIGHT - BOTTOM + 18, x_format(value), "tick middle")
    _line(root, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis")
    _text(root, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "middle")
    _text(root, 0, TOP - 4, y_label, "")


def _mark(group: Element, point: Point, x: _Scale, y: _Scale) -> None:
    at, low, high = x(point.x), y(point.y), y(point.y)
    if point.interval:
        low, high = (y(value) for value in point.interval)
        for start, end, above, below in ((at, at, low, high), (at - 4, at + 4, low, low), (at - 4, at + 4, high, high)):
            _line(group, start, above, end, below, "interval")
    circle = SubElement(group, "circle", {"cx": str(at), "cy": str(y(point.y)), "r": "4.5" if point.interval else "2.8"})
    SubElement(circle, "title").text = point.title


def _svg(width: float, height: float, label: str, style: str) -> Element:
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    return Element("svg", size | {"role": "img", "aria-label": label, "class": style})


def _line(parent: Element, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
    SubElement(parent, "line", {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2), "class": style})


def _text(parent: Element, x: float, y: float, text: str, style: str) -> None:
    SubElement(parent, "text", {"x": str(x), "y": str(y), "class": style}).text = text


def _markup(root: Element) -> Markup:
    return Markup(tostring(root, encoding="unicode"))  # ElementTree has escaped every text

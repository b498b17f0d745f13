"""A map of the attention of each candidate in each round."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.image import imsave

from features.path import SearchPath
from pipeline.report.svg import markup, svg, text, title

HUE = (56, 120, 220)  # its opacity is the value: it stands out from white and from black
NAME_WIDTH, NAME_LETTERS = 156, 20  # pixels beside the map, and the letters that fit into them, in bold and in a wide font
DENSE_ROWS = 120  # more candidates than these get lower rows and smaller letters
HEADER = 18  # pixels above the rows, for the numbers of the rounds
MAP_WIDTH = 880  # pixels that all rounds together may take, where there are not too many of them


@dataclass(frozen=True)
class AttentionMap:
    """The names and the cells as two `svg` elements of one height, so that the cells can scroll beside the names.

    Attributes:
      names: of the candidates.
      cells: by candidate and round.
      low, high: the shares that the palest and the darkest shade stand for, as multiples of an equal share.
    """

    names: Markup
    cells: Markup
    low: float
    high: float


def map_of_path(path: SearchPath, kept: frozenset[str]) -> AttentionMap:
    """The map of a search: candidates in the order of their picks.

    Args:
      path: of a search with rounds.
      kept: features to set in bold.
    """
    attention = np.asarray([ended.attention for ended in path.rounds], float).T
    shares = np.where(attention > 0, attention * np.count_nonzero(attention, axis=0), np.nan)
    by_name = dict(zip(path.candidates, shares, strict=True))
    picked = [pick.feature for pick in path.picks if pick.round > 0]
    order = [name for name in dict.fromkeys([*picked, *path.candidates]) if not np.isnan(by_name[name]).all()]
    columns = {ended.round: column for column, ended in enumerate(path.rounds)}
    picks: dict[int, list[int]] = {}
    for pick in path.picks:
        if pick.round in columns and pick.feature in order:
            picks.setdefault(columns[pick.round], []).append(order.index(pick.feature))
    return attention_map(order, np.array([by_name[name] for name in order]), picks, kept)


def attention_map(
    names: Sequence[str], shares: npt.NDArray[np.float64], picks: Mapping[int, Sequence[int]], kept: frozenset[str]
) -> AttentionMap:
    """Candidates by rounds, the stronger the attention the darker; picks are ringed.

    Args:
      names: [candidates], in the order of the rows.
      shares: [candidates, rounds] attention as a multiple of an equal share; not a number where there was none.
      picks: the rows picked at the end of each round, by column.
      kept: names to set in bold.
    """
    rows, rounds = shares.shape
    height, width = (14 if rows <= DENSE_ROWS else 10), min(20, max(3, MAP_WIDTH // rounds))
    # The few strongest cells, most of them of the first rounds, would leave the rest pale.
    low, high = (float(value) for value in np.nanpercentile(shares, [1, 99]))
    cells = svg(rounds * width + 8, HEADER + rows * height + 4, "attention by candidate and round", "heat cells")
    _image(cells, _png(shares, low, high), rounds * width, rows * height)
    _round_numbers(cells, rounds, width)
    for column, picked in picks.items():
        for row in picked:
            ring = _ring(cells, column, row, width, height)
            title(ring, f"round {column + 1}: {names[row]}, {shares[row, column]:.2f} times an equal share")
    return AttentionMap(markup(_names(names, kept, height)), markup(cells), low, high)


def _names(names: Sequence[str], kept: frozenset[str], height: int) -> Element:
    style = "heat names" if len(names) <= DENSE_ROWS else "heat names dense"
    root = svg(NAME_WIDTH, HEADER + len(names) * height + 4, "candidates", style)
    for row, name in enumerate(names):
        label = text(root, 0, HEADER + row * height + height - 3, _short(name), "kept" if name in kept else "")
        title(label, name)
    return root


def _short(name: str) -> str:
    """Cut in the middle: names of one source differ at their ends."""
    half = NAME_LETTERS // 2
    return name if len(name) <= NAME_LETTERS else f"{name[:half]}…{name[-half + 1 :]}"


def _image(cells: Element, address: str, width: int, height: int) -> None:
    frame = {"href": address, "y": str(HEADER), "width": str(width), "height": str(height)}
    SubElement(cells, "image", frame | {"preserveAspectRatio": "none"})


def _round_numbers(cells: Element, rounds: int, width: int) -> None:
    step = next(step for step in (5, 10, 20, 50, 100, 500, 10_000) if step * width >= 30)
    for number in range(0, rounds + 1, step):
        shown = max(number, 1)
        text(cells, (shown - 0.5) * width, 12, str(shown), "tick middle")


def _ring(cells: Element, column: int, row: int, width: int, height: int) -> Element:
    frame = {"x": str(column * width), "y": str(HEADER + row * height), "width": str(width), "height": str(height)}
    return SubElement(cells, "rect", frame | {"class": "pick" if width > 6 else "pick narrow"})


def _png(shares: npt.NDArray[np.float64], low: float, high: float) -> str:
    """The cells as the address of an image, one pixel a cell: 300 candidates over 300 rounds stay below 100 kB."""
    strength = np.clip((shares - low) / max(high - low, 1e-9), 0, 1)
    pixels = np.zeros((*shares.shape, 4), np.uint8)
    pixels[..., :3] = HUE
    pixels[..., 3] = np.where(np.isnan(shares), 0, 20 + 235 * np.nan_to_num(strength))
    target = io.BytesIO()
    imsave(target, pixels, format="png")
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()

"""Lists of names and values as lines of a drafted YAML config."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml


def ranges(names: list[str]) -> list[str]:
    """Names as patterns: runs of three or more numbered ones as `I1..I13`."""

    def key(item: tuple[int, str]) -> tuple[str, int | None]:
        index, name = item
        # Names of one run have one stem, and numbers that grow with their positions: the difference is the same for all.
        part = re.fullmatch(r"([^*?\[]*[^*?\[\d]|)(0|[1-9]\d*)", name)
        return (part[1], int(part[2]) - index) if part else (name, None)

    patterns: list[str] = []
    for (_, number), group in itertools.groupby(enumerate(names), key):
        run = [name for _, name in group]
        exact = [re.sub(r"([*?\[])", r"[\1]", name) for name in run]  # a glob that means only itself
        patterns += [f"{run[0]}..{run[-1]}"] if number is not None and len(run) > 2 else exact
    return [scalar(pattern) for pattern in patterns]


def wrapped(
    start: str, items: Iterable[str], end: str, mark: str = ", ", indent: str | None = None, width: int = 118
) -> Iterator[str]:
    """`start`, the items and `end` on as many lines as needed; nothing where there are no items."""
    line, pieces = start, list(items)
    for number, item in enumerate(pieces):
        piece = item + (mark if number < len(pieces) - 1 else end)
        if len(line) + len(piece.rstrip()) > width and line not in (start, indent):
            yield line.rstrip()
            line = " " * len(start) if indent is None else indent
        line += piece
    if pieces:
        yield line


def scalar(value: Any) -> str:
    """A text or number as it must be written inside a YAML list."""
    # A JSON string is a YAML string, whatever it holds.
    if isinstance(value, str) and (not re.fullmatch(r"[\w./][\w./ -]*", value) or yaml.safe_load(value) != value):
        return json.dumps(value)
    return str(value)

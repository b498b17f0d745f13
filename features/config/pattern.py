"""Patterns: how a config names several columns or features at once."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

_GLOB = re.compile(r"[*?\[]")  # the signs that mean something to `fnmatch`
_LONGEST_RANGE = 1_000_000  # more columns than any table has; a longer range is a name like any other
# Numbered columns, such as `I1..I13`; the text before both numbers must be the same.
_RANGE = re.compile(r"^(.*?)(\d+)\.\.(.*?)(\d+)$")


def is_glob(pattern: str, names: Sequence[str]) -> bool:
    """Whether a pattern asks for all names of a form, and not for names it spells out itself."""
    return pattern not in names and _GLOB.search(pattern) is not None


def expand_pattern(pattern: str, names: Sequence[str]) -> list[str]:
    """The names that a pattern stands for.

    Args:
      pattern: a name, a glob (`onehot_feat*`) or a range (`I1..I13`).
      names: of all columns or features there are. A pattern that equals one of them means that one, whatever signs are in
        it: real data has columns called `Q1..Q3` and `[0]`.

    Returns:
      Of a glob the names that it matches, none perhaps; of a range all its names, and of a name itself, be they in `names`
      or not.
    """
    if is_glob(pattern, names):
        return fnmatch.filter(names, pattern)
    span = None if pattern in names else _RANGE.match(pattern)
    if span is None or span[1] != span[3]:
        return [pattern]
    numbers = range(int(span[2]), int(span[4]) + 1)
    return [f"{span[1]}{number}" for number in numbers] if 0 < len(numbers) <= _LONGEST_RANGE else [pattern]

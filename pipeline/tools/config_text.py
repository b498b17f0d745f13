"""Edits of a config's text that leave its comments and its layout alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import yaml

LINE_LENGTH = 120  # of the lists that are written


class Edit(NamedTuple):
    """Text that takes the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap."""
    for edit in sorted(edits, reverse=True):  # from the end on, so that earlier positions stay
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def fields_of(node: yaml.MappingNode) -> dict[str, tuple[yaml.ScalarNode, yaml.Node]]:
    """Key and value of each field of a mapping, by name."""
    return {key.value: (key, value) for key, value in node.value}


def end_of(node: yaml.Node) -> int:
    """Where the node's last character ends; a block's own mark lies at the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def without_lines(text: str, start: int, end: int) -> Edit:
    """Takes away the lines from start to end, and the comments directly above them."""
    first = text.rfind("\n", 0, start) + 1
    while first and (line := text[text.rfind("\n", 0, first - 1) + 1 : first]).lstrip().startswith("#"):
        if first == len(line):  # the head of the file speaks of all of it
            break
        first -= len(line)
    last = text.find("\n", end)
    return Edit(first, len(text) if last < 0 else last + 1, "")


def listed_names(names: Sequence[str], column: int) -> str:
    """Patterns that stand for the names alone: one, or a flow sequence that is broken before its lines get too long.

    Args:
      names: of columns.
      column: of the text at which the sequence starts.
    """
    shown = [yaml.safe_dump([_literal(name)], default_flow_style=True, width=1 << 20).strip()[1:-1] for name in names]
    text = ", ".join(shown)
    if len(shown) == 1:
        return shown[0]
    if any(" " in name for name in shown):  # a break would fall into a name
        return f"[{text}]"
    wrapped = textwrap.wrap(text, LINE_LENGTH - column - 2, break_long_words=False, break_on_hyphens=False)
    return "[" + f"\n{' ' * (column + 1)}".join(wrapped) + "]"


def _literal(name: str) -> str:
    """A pattern that stands for the name alone."""
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in name)

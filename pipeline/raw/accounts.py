"""Accounts of what was read of a file: every byte of its text, or every row, once, and none left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.errors import DataError

Span = tuple[int, int]  # offsets in a file, in the unit of its format: the first, and the one after the last


@dataclass
class Account:
    """The stretch of a file that was read so far, table by table.

    Attributes:
      path: of the file.
      started: whether there was a table.
      span: of all tables; empty before the first.
    """

    path: str
    started: bool = False
    span: Span = (0, 0)

    def add(self, span: Span) -> None:
        """Adds the next table's span.

        Raises:
          DataError: it does not begin where the last one ended.
        """
        self.span = _joined(self.path, self.span, span) if self.started else span
        self.started = True


def check_whole(path: str, spans: Sequence[Span], end: int | None) -> None:
    """Checks that the shards of a file account for all of it.

    Args:
      path: of the file.
      spans: of its shards, in their order.
      end: of the file; None where it is not known.

    Raises:
      DataError: a stretch is in no shard, or in two.
    """
    whole: Span = (0, 0)  # a file without shards must be empty
    for span in spans:
        whole = _joined(path, whole, span)
    # Ends that meet are not enough: a reader that stopped early would leave out the end of the file.
    if end is not None:
        _joined(path, whole, (end, end))


def _joined(path: str, first: Span, second: Span) -> Span:
    if first[1] != second[0]:
        raise DataError(
            f"{path}: was read to offset {first[1]:,}, but then from {second[0]:,}; has it changed meanwhile? "
            "Run `winnow preprocess --force`, and please report it if that does not help"
        )
    return first[0], second[1]

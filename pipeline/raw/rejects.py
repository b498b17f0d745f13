"""Malformed rows: which they are, their texts as they stand in the file, and counts by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.errors import DataError
from features.manifest import RejectCounts

Mask = npt.NDArray[np.bool_]
# The row as bytes: it may be rejected just because it is no UTF-8.
REJECTED_SCHEMA = pa.schema({"file": pa.string(), "offset": pa.int64(), "reason": pa.string(), "row": pa.binary()})
_REASONS_SHOWN = 5  # most frequent reasons that an error lists


class RejectedRow(NamedTuple):
    """A row that was rejected: where it stands (byte, or row of a Parquet file), its text as it was, and why."""

    offset: int
    row: bytes
    reason: str


@dataclass
class Tally:
    """Counts of rows and rejected rows while they are read.

    Attributes:
      rows: good, bad and unlabelled.
      unlabelled: rows that were left out as they have no label.
      reasons: rejected rows by reason.
      examples: of each reason, the first `file` and `offset`.
    """

    rows: int = 0
    unlabelled: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Rejected rows."""
        return self.reasons.total()

    def add(self, path: str, rows: int, rejected: Sequence[RejectedRow], unlabelled: int = 0) -> None:
        """Counts rows of a file: how many were good, those that were rejected, and how many have no label."""
        self.rows += rows + len(rejected) + unlabelled
        self.unlabelled += unlabelled
        for row in rejected:
            self.reasons[row.reason] += 1
            self.examples.setdefault(row.reason, (path, row.offset))

    @classmethod
    def of(cls, counts: RejectCounts) -> Tally:
        """Inverse of `counts`."""
        return cls(counts.rows, counts.unlabelled or 0, Counter(counts.reasons), dict(counts.examples))

    def counts(self) -> RejectCounts:
        """The document of these counts."""
        counts = {"rows": self.rows, "reasons": dict(self.reasons), "examples": dict(self.examples)}
        return RejectCounts.model_validate(counts | {"unlabelled": self.unlabelled or None})

    def merge(self, other: Tally) -> None:
        """Adds another's counts."""
        self.rows += other.rows
        self.unlabelled += other.unlabelled
        self.reasons.update(other.reasons)
        self.examples = {**other.examples, **self.examples}  # the earlier example stays

    def check(self, allowed: float) -> None:
        """Refuses data with too many malformed rows.

        Raises:
          DataError: their share is above `data.max_bad_ratio`; says how many of which reason, with an example of each.
        """
        if self.bad <= allowed * self.rows:
            return
        lines = [
            f"{count:,} rows: {reason} (such as at {self.examples[reason][0]}, offset {self.examples[reason][1]:,})"
            for reason, count in self.reasons.most_common(_REASONS_SHOWN)
        ]
        others = len(self.reasons) - _REASONS_SHOWN
        more = f"\n  and {others} other reasons" if others > 0 else ""
        raise DataError(
            f"{self.bad:,} of {self.rows:,} rows are malformed, more than data.max_bad_ratio ({allowed:g}) allows; "
            "mend the data or the config, or raise it:\n  " + "\n  ".join(lines) + more
        )


def bad_values(array: pa.Array, check: Callable[[pa.Array], object]) -> Mask:
    """Which values `check` refuses.

    Finds them by halving, so that long good stretches cost one call.

    Args:
      array: of any length.
      check: raises ArrowInvalid for a stretch of the array that holds a bad value.

    Returns:
      A mask [values], true at the bad ones.
    """
    mask = np.zeros(len(array), bool)
    stretches = [(0, len(array))]
    while stretches:
        start, length = stretches.pop()
        try:
            check(array.slice(start, length))
        except pa.ArrowInvalid:
            if length == 1:
                mask[start] = True
            else:
                half = length // 2
                stretches += [(start, half), (start + half, length - half)]
    return mask


def rejected_table(path: str, rejected: Sequence[RejectedRow]) -> pa.Table:
    """Rejected rows of a file in the form in which they are kept, `REJECTED_SCHEMA`."""
    offsets, rows, reasons = zip(*rejected, strict=True) if rejected else ((), (), ())
    return pa.table([[path] * len(rejected), list(offsets), list(reasons), list(rows)], schema=REJECTED_SCHEMA)

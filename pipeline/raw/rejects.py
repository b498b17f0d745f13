"""Malformed rows: found by column, kept as they were, counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.errors import DataError

Mask = npt.NDArray[np.bool_]
SCHEMA = pa.schema({"file": pa.string(), "offset": pa.int64(), "reason": pa.string(), "row": pa.binary()})


class Found(NamedTuple):
    """A row that was refused: where it stands (byte, or row of a Parquet file), its text as it was, and why."""

    offset: int
    row: bytes
    reason: str


@dataclass(frozen=True)
class Raw:
    """Rows as read.

    Attributes:
      table: the asked columns, of whatever types their format has; bytes where text is not yet judged.
      first: a number for the first row, from which rows are numbered within their file.
      locate: offsets and texts of the rows of the table at the given places.
      refused: rows that are not even in the table.
    """

    table: pa.Table
    first: int
    locate: Callable[[Sequence[int]], list[tuple[int, bytes]]]
    refused: list[Found] = field(default_factory=list)


@dataclass
class Tally:
    """Rows and rejects of some shards.

    Attributes:
      rows: good and bad.
      reasons: rejects by reason.
      examples: of each reason, the first `file` and `offset`.
    """

    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Rejected rows."""
        return self.reasons.total()

    def add(self, path: str, rows: int, found: Iterable[Found]) -> None:
        """Counts rows of a file, and those of them that were refused."""
        self.rows += rows
        for reject in found:
            self.reasons[reject.reason] += 1
            self.examples.setdefault(reject.reason, [path, reject.offset])

    @classmethod
    def of(cls, values: dict[str, Any]) -> Tally:
        """From JSON values."""
        return cls(values["rows"], Counter(values["reasons"]), values["examples"])

    def merge(self, other: Tally) -> None:
        """Adds another's counts."""
        self.rows += other.rows
        self.reasons.update(other.reasons)
        self.examples = {**other.examples, **self.examples}

    def check(self, allowed: float) -> None:
        """Refuses data with too many malformed rows.

        Raises:
          DataError: their share is above `data.max_bad_ratio`; says how many of which reason, with an example of each.
        """
        if self.bad <= allowed * self.rows:
            return
        lines = [
            f"{count:,} rows: {reason} (such as at {self.examples[reason][0]}, offset {self.examples[reason][1]:,})"
            for reason, count in self.reasons.most_common(5)
        ]
        more = f"\n  and {len(self.reasons) - 5} other reasons" if len(self.reasons) > 5 else ""
        raise DataError(
            f"{self.bad:,} of {self.rows:,} rows are malformed, more than data.max_bad_ratio ({allowed:g}) allows; "
            "mend the data or the config, or raise it:\n  " + "\n  ".join(lines) + more
        )


def bad_places(array: pa.Array, check: Callable[[pa.Array], Any]) -> Mask:
    """Where `check` raises ArrowInvalid for the value alone: found by halving, so that good stretches cost one call."""
    mask = np.zeros(len(array), bool)
    stack = [(0, len(array))]
    while stack:
        start, length = stack.pop()
        try:
            check(array.slice(start, length))
        except pa.ArrowInvalid:
            if length == 1:
                mask[start] = True
            else:
                half = length // 2
                stack += [(start, half), (start + half, length - half)]
    return mask


def as_table(path: str, found: Sequence[Found]) -> pa.Table:
    """Refused rows of a file in the form in which they are kept."""
    offsets, rows, reasons = zip(*found, strict=True) if found else ((), (), ())
    return pa.table([[path] * len(found), list(offsets), list(reasons), list(rows)], schema=SCHEMA)

"""What a feature costs at a width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.config import Budget
from features.encoding import Encoding
from features.errors import ConfigError

FLOAT_BYTES = 4


def table_bytes(encoding: Encoding, width: int) -> int:
    """Bytes of the feature's embedding table as served; 0 for float features."""
    return encoding.rows * width * FLOAT_BYTES if encoding.embedded else 0


def total_bytes(encodings: Iterable[Encoding], widths: Mapping[str, int]) -> int:
    """Bytes of the tables of the features that `widths` names."""
    return sum(table_bytes(encoding, widths[encoding.name]) for encoding in encodings if encoding.name in widths)


def budget_bytes(budget: Budget, full: int) -> int:
    """The budget in bytes, where it is one of bytes.

    Args:
      budget: as configured.
      full: bytes of all features at full width.
    """
    if budget.share is not None:
        return int(full * budget.share)
    if isinstance(budget.bytes, int):
        return budget.bytes
    raise ConfigError("selection.budget: not a budget of bytes")

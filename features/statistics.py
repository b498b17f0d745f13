"""What the rows of a split say about a feature."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from features.errors import DataError

NEAR_UNIQUE = 0.9  # values a row
NEAR_UNIQUE_ROWS = 1000  # among fewer rows, many values say little


@dataclass(frozen=True)
class Statistics:
    """Figures of one feature over a split.

    Attributes:
      name: of the feature.
      count: values seen (for lists and vectors: elements); missing ones not counted.
      missing: examples without a value.
      distinct: values; of numbers, after rounding to 12 bits of mantissa; of vectors 0, as they are not told apart.
      top: most frequent values with their counts.
      mean, std, minimum, maximum: of numbers (after clip and log1p for `value` features), or of all elements of vectors.
      boundaries: between the buckets of bucketised numbers, ascending.
      vocabulary_size: entries of the vocabulary file.
      length: of dense vectors.
      categorical: whether a value is one id.
      partition: of the rows by value (of lists: by element), as a hash: equal for features that tell the same rows apart.
      duplicate_of: an earlier feature that tells the same rows apart.
    """

    name: str
    count: int = 0
    missing: int = 0
    distinct: int = 0
    top: list[tuple[str, int]] = field(default_factory=list)
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    boundaries: list[float] = field(default_factory=list)
    vocabulary_size: int = 0
    length: int | None = None
    categorical: bool = False
    partition: str | None = None
    duplicate_of: str | None = None

    @property
    def near_unique(self) -> bool:
        """Whether an id hardly ever comes twice, so that nothing can be learnt of it."""
        return self.categorical and self.count >= NEAR_UNIQUE_ROWS and self.distinct > NEAR_UNIQUE * self.count

    @property
    def fault(self) -> str | None:
        """Why the feature cannot tell examples apart, or only too well; None if it is fit to be selected."""
        if self.length is None and self.distinct + (self.missing > 0) <= 1:  # vectors are not told apart
            return "constant"
        if self.near_unique:
            return f"near-unique: {self.distinct:,} values in {self.count:,} rows"
        if self.duplicate_of is not None:
            return f"duplicate of {self.duplicate_of}"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Statistics:
        """Inverse of `to_dict`."""
        return cls(**{**values, "top": [(str(value), int(count)) for value, count in values["top"]]})


def mark_duplicates(found: list[Statistics]) -> list[Statistics]:
    """Notes, for features that tell the same rows apart as an earlier one, which that is."""
    first: dict[str, str] = {}
    marked = []
    for own in found:
        usable = own.partition is not None and own.fault is None
        original = first.setdefault(own.partition, own.name) if usable and own.partition else own.name
        marked.append(own if original == own.name else replace(own, duplicate_of=original))
    return marked


def load_statistics(path: Path) -> dict[str, Statistics]:
    """Reads a statistics file, by feature name.

    Raises:
      DataError: the file is absent or damaged.
    """
    try:
        return {values["name"]: Statistics.from_dict(values) for values in json.loads(path.read_text())["features"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a statistics file ({error}); run `winnow preprocess` again") from None

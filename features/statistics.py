"""Figures of a feature over the rows of a split, and what they say against selecting it."""

from __future__ import annotations

from collections.abc import Sequence

from features.document import Document

# Distinct values a row above which an id hardly ever comes twice, as of requests or sessions. A judgement: an id that a model
# can learn from comes back more often.
NEAR_UNIQUE = 0.9
NEAR_UNIQUE_ROWS = 1000  # among fewer rows, even ids that do come back have hardly had time to
CONSTANT = "constant"  # the fault of a feature that is the same in all examples


class Statistics(Document):
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
    top: list[tuple[str, int]] = []
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    boundaries: list[float] = []
    vocabulary_size: int = 0
    length: int | None = None
    categorical: bool = False
    partition: str | None = None
    duplicate_of: str | None = None

    @property
    def constant(self) -> bool:
        """Whether all examples have the same value, or none; vectors are not told apart, and never are."""
        return self.length is None and self.distinct + (self.missing > 0) <= 1

    @property
    def near_unique(self) -> bool:
        """Whether an id hardly ever comes twice, so that nothing can be learnt of it."""
        return self.categorical and self.count >= NEAR_UNIQUE_ROWS and self.distinct > NEAR_UNIQUE * self.count

    @property
    def fault(self) -> str | None:
        """Why the feature cannot tell examples apart, or only too well; None if it is fit to be selected."""
        # In this order: two constants are duplicates of each other too, but that would not say what is wrong with them.
        if self.constant:
            return CONSTANT
        if self.near_unique:
            return f"near-unique: {self.distinct:,} values in {self.count:,} rows"
        if self.duplicate_of is not None:
            return f"duplicate of {self.duplicate_of}"
        return None


class StatisticsDocument(Document):
    """`transformed/statistics.json`: figures of every feature, over the train rows and over those of the other splits.

    Attributes:
      features: over the train rows, in the order of the config.
      splits: over the rows of each other split that has any, by split.
      rejected: rows by reason.
    """

    features: list[Statistics]
    splits: dict[str, list[Statistics]] = {}
    rejected: dict[str, int] = {}

    def by_name(self, split: str = "train") -> dict[str, Statistics]:
        """The statistics of each feature over a split, by name; empty for a split without rows."""
        listed = self.features if split == "train" else self.splits.get(split, [])
        return {statistics.name: statistics for statistics in listed}


def mark_duplicates(listed: Sequence[Statistics]) -> list[Statistics]:
    """Notes, for features that tell the same rows apart as an earlier one, which that is."""
    first: dict[str, str] = {}
    marked = []
    for statistics in listed:
        # A feature with another fault is not searched anyway, and must not be the one that a sound feature is said to repeat.
        usable = statistics.partition is not None and statistics.fault is None
        original = first.setdefault(statistics.partition, statistics.name) if usable and statistics.partition else None
        duplicate = original is not None and original != statistics.name
        marked.append(statistics.model_copy(update={"duplicate_of": original}) if duplicate else statistics)
    return marked

"""The documents that preprocessing writes beside the rows: which files hold them, and what their columns are."""

from __future__ import annotations

from typing import ClassVar

from features.document import Document
from features.encoding import Encoding
from features.inputs import Input
from features.kinds import AnyFeature


class RejectCounts(Document):
    """Rows that were read, and those of them that were rejected.

    Attributes:
      rows: good, bad and unlabelled.
      unlabelled: rows that were left out as they have no label; None where all have one.
      reasons: rejected rows by reason.
      examples: file and offset of the first row of each reason.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"unlabelled"})

    rows: int
    unlabelled: int | None = None
    reasons: dict[str, int]
    examples: dict[str, tuple[str, int]]


class RawFileRows(Document):
    """What became of the rows of a raw file; `read`, `rejected` and `unlabelled` add up to `rows`.

    Attributes:
      file: its path.
      split: the field of the config's `data` that named it.
      rows: by a count of its lines, its records, or that of its footer.
      read: rows that were transformed.
      rejected: rows that were put aside.
      unlabelled: rows that were left out as they have no label; None where all have one.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"unlabelled"})

    file: str
    split: str
    rows: int
    read: int
    rejected: int
    unlabelled: int | None = None


class PartFile(Document):
    """A Parquet file of transformed rows."""

    file: str  # relative to the transformed folder, which may be moved
    rows: int
    sha256: str


class SplitFiles(Document):
    """The Parquet files of a split, and the rows of all of them."""

    rows: int
    files: list[PartFile]


class SplitCounts(Document):
    """Rows of one split, and those of them whose label is 1."""

    rows: int = 0
    positives: int = 0


class Manifest(Document):
    """`transformed/manifest.json`: files of each split (`train`, `validation`, `test`), and what became of the raw rows.

    Attributes:
      splits: files of each split.
      positives: rows of each split whose label is 1.
      raw_files: what became of the rows of each raw file.
      rejected: rows read and rejected.
    """

    optional_fields: ClassVar[frozenset[str]] = frozenset({"positives"})  # folders of earlier versions have none

    splits: dict[str, SplitFiles]
    positives: dict[str, int] | None = None
    raw_files: list[RawFileRows]
    rejected: RejectCounts


class ResolvedFeatures(Document):
    """`transformed/features.json`: the raw columns, the features as resolved, and their encodings.

    Attributes:
      label: the label's column.
      weight: the column of row weights, if there is one.
      inputs: raw columns that the features read.
      features: in the data's order.
      encodings: of the features, in their order.
    """

    label: str
    weight: str | None
    inputs: list[Input]
    features: list[AnyFeature]
    encodings: list[Encoding]

"""The transformed folder: what `winnow preprocess` leaves for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from features.encoding import Encoding
from features.errors import DataError
from features.feature import Feature
from features.inputs import Input
from pipeline import files

SplitName = Literal["train", "validation", "test", "train+validation"]
_AGAIN = "run `winnow preprocess` again"


@dataclass(frozen=True)
class RowGroup:
    """One Parquet row group, and the footer of its file."""

    path: str
    index: int
    rows: int
    metadata: Any = field(repr=False, compare=False)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """The named columns; no other is read.

        Raises:
          DataError: the file is gone or damaged.
        """
        # Over a network each column chunk would be a request of its own; from a local disk there is nothing to gain.
        remote = "://" in self.path
        try:
            with (
                _open(self.path) as source,
                pa.parquet.ParquetFile(source, metadata=self.metadata, pre_buffer=remote) as file,
            ):
                return file.read_row_group(self.index, columns=list(columns))
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path}: row group {self.index} cannot be read ({error}); {_AGAIN}") from None


@dataclass(frozen=True)
class Transformed:
    """A transformed folder, as `winnow preprocess` leaves it."""

    folder: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """`features.json`."""
        return self._json("features.json")

    @cached_property
    def encodings(self) -> list[Encoding]:
        """Of all features, in the order of the config."""
        return [Encoding(**values) for values in self.document["encodings"]]

    @cached_property
    def features(self) -> list[Feature]:
        """The resolved features."""
        return [Feature.model_validate(values) for values in self.document["features"]]

    @cached_property
    def inputs(self) -> list[Input]:
        """The raw columns."""
        return [Input(**values) for values in self.document["inputs"]]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Files and rows of each split."""
        return dict(self._json("manifest.json")["splits"])

    def rows(self, split: SplitName) -> int:
        """Rows of a split."""
        return sum(int(self.manifest[part]["rows"]) for part in split.split("+"))

    def subset(self, names: Sequence[str]) -> list[Encoding]:
        """Encodings of the named features, in the config's order."""
        return [encoding for encoding in self.encodings if encoding.name in set(names)]

    def row_groups(self, split: SplitName, columns: Sequence[str]) -> list[RowGroup]:
        """All row groups of a split, in file order.

        Raises:
          DataError: a file is gone or damaged, lacks one of the columns, or has not the rows that the manifest names.
        """
        groups: list[RowGroup] = []
        for entry in [entry for part in split.split("+") for entry in self.manifest[part]["files"]]:
            path = files.join(self.folder, entry["file"])
            try:
                with _open(path) as source:
                    metadata = pa.parquet.read_metadata(source)
            except (OSError, pa.ArrowException) as error:
                raise DataError(f"{path}: cannot be read ({error}); {_AGAIN}") from None
            absent = set(columns) - set(metadata.schema.to_arrow_schema().names)
            if absent:
                raise DataError(f"{path}: has no column {min(absent)!r}; {_AGAIN}")
            if metadata.num_rows != entry["rows"]:
                raise DataError(f"{path}: has {metadata.num_rows} rows, but manifest.json says {entry['rows']}; {_AGAIN}")
            sizes = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
            groups += [RowGroup(path, n, rows, metadata) for n, rows in enumerate(sizes)]
        return groups

    def _json(self, name: str) -> dict[str, Any]:
        try:
            return dict(files.read_json(files.join(self.folder, name)))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.folder}: not a transformed folder ({error}); run `winnow preprocess`") from None


def _open(path: str) -> pa.NativeFile:
    if "://" not in path:
        return pa.OSFile(path)
    return pa.PythonFile(FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED), mode="r")


__all__ = ["RowGroup", "SplitName", "Transformed"]

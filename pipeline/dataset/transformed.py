"""The transformed folder: what `winnow preprocess` leaves for training."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from features.encoding import FIRST_BUCKET, Encoding
from features.errors import DataError
from features.feature import Feature
from features.inputs import Input
from features.statistics import Statistics, load_statistics
from pipeline.runtime import files

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
    """A transformed folder, as `winnow preprocess` leaves it, or a view of it with shorter vocabularies.

    Attributes:
      folder: where it lies.
      cuts: rows that the tables of some features have left (see `cut`).
    """

    folder: str
    cuts: Mapping[str, int] = field(default_factory=dict)

    def cut(self, rows: Mapping[str, int]) -> Transformed:
        """A view in which the named features know their most frequent values only, as if `max_size` had been smaller.

        Encodings, features and statistics say so, and readers give what else there is the out-of-vocabulary id.

        Args:
          rows: that are left of each table, the ids of no vocabulary among them; as many as there are is no cut.

        Raises:
          DataError: a feature that cannot be cut (see `Feature.cuttable`) has another number of rows.
        """
        have = {encoding.name: encoding.rows for encoding in self.encodings}
        cuttable = {feature.name for feature in self.features if feature.cuttable}
        cuts = {name: left for name, left in rows.items() if name in have and left < have[name]}
        wrong = min(cuts.keys() - cuttable, default=None)
        if wrong is not None:
            raise DataError(f"{self.folder}: {wrong!r} has {have[wrong]} rows and cannot be cut to {cuts[wrong]}; {_AGAIN}")
        view = Transformed(self.folder, {**self.cuts, **cuts})
        vars(view)["document"] = self.document  # read once
        return view

    @cached_property
    def document(self) -> dict[str, Any]:
        """`features.json`."""
        return self._json("features.json")

    @cached_property
    def encodings(self) -> list[Encoding]:
        """Of all features, in the order of the config."""
        found = [Encoding(**values) for values in self.document["encodings"]]
        return [replace(e, rows=self.cuts[e.name]) if e.name in self.cuts else e for e in found]

    @cached_property
    def features(self) -> list[Feature]:
        """The resolved features."""
        found = [Feature.model_validate(values) for values in self.document["features"]]
        return [f.model_copy(update={"max_size": self._known(f)}) if f.name in self.cuts else f for f in found]

    @cached_property
    def statistics(self) -> dict[str, Statistics]:
        """Of each feature over the train split, by name."""
        found = load_statistics(Path(self.folder, "statistics.json"))
        return found | {
            f.name: replace(found[f.name], vocabulary_size=self._known(f)) for f in self.features if f.name in self.cuts
        }

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

    def write_vocabulary(self, feature: Feature, target: str) -> None:
        """Copies the feature's vocabulary, as far as it is known, to a file."""
        path = files.join(self.folder, "vocabulary", f"{feature.name}.txt")
        if feature.name not in self.cuts:
            shutil.copy(path, target)
            return
        with Path(path).open("rb") as source, Path(target).open("wb") as written:
            written.writelines(islice(source, self._known(feature)))

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

    def _known(self, feature: Feature) -> int:
        return self.cuts[feature.name] - FIRST_BUCKET - feature.oov_buckets

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

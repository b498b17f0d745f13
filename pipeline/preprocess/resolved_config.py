"""A config bound to the files and columns of its data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from features.config import Config
from features.config.data import DataConfig
from features.errors import ConfigError, DataError
from features.feature import Feature, inputs_of
from features.inputs import Input, check_numbers
from features.numbers import Numeric
from pipeline.preprocess.split import SPLITS
from pipeline.raw.piece import RawFile
from pipeline.raw.read import column_types
from pipeline.raw.shards import list_files
from pipeline.runtime import files

# Bytes of raw files whose different values of one column fit into a worker's memory even if every value is another one; above
# them, values are divided among several workers by a hash.
BUCKET_BYTES = 16 << 30


@dataclass(frozen=True)
class ResolvedConfig:
    """A config bound to the files and columns of its data.

    Attributes:
      config: as it was given.
      listed: the files that each field of `data` names: `train`, `validation`, `test`; those without files left out.
      features: that the rules make of the columns.
      inputs: columns that the features read.
    """

    config: Config
    listed: dict[str, list[RawFile]]
    features: list[Feature]
    inputs: list[Input]

    @classmethod
    def of(cls, config: Config) -> ResolvedConfig:
        """Lists the files, reads their headers, and resolves the features.

        Raises:
          ConfigError: a feature rule fits no column, or a file is named twice.
          DataError: a file is absent, empty or unreadable, or columns differ or are missing.
        """
        data = config.data
        listed = {split: list_files(getattr(data, split), split) for split in SPLITS if getattr(data, split)}
        _check_each_once(listed)
        types = column_types(data, [file for files_of_field in listed.values() for file in files_of_field])
        for field, column in (("label", data.label), ("weight", data.weight), ("split.column", data.split.column)):
            if column is not None and column not in types:
                raise DataError(f"data.{field}: column {column!r} is not in {listed['train'][0].path}")
            if column is not None and field != "split.column" and not (field == "label" and data.positive):
                check_numbers(f"data.{field}", column, types[column])
            elif column is not None and types[column] is not None and pa.types.is_nested(types[column]):
                raise DataError(f"data.{field}: column {column!r} is {types[column]}; name a column of single values")
        features = config.resolve(list(types))
        return cls(config, listed, features, inputs_of(features, types))

    @property
    def data(self) -> DataConfig:
        """The config's section."""
        return self.config.data

    @property
    def files(self) -> list[RawFile]:
        """All files."""
        return [file for files_of_field in self.listed.values() for file in files_of_field]

    @property
    def columns(self) -> list[Input]:
        """All columns to read: of features, label, weight and split."""
        data = self.data
        extra = [Input(data.label, "float32")]
        extra += [Input(data.weight, "float32")] if data.weight else []
        known = {column.name for column in [*self.inputs, *extra]}
        if data.split.column and data.split.column not in known:
            extra.append(Input(data.split.column, "string"))
        return [*self.inputs, *extra]

    @property
    def counted(self) -> list[Feature]:
        """What is counted: the features, and the label as if it were one more feature."""
        return [*self.features, Numeric(name=self.data.label)]

    @property
    def buckets(self) -> int:
        """Parts into which the values of a column are hashed while they are counted."""
        return 1 + sum(file.size for file in self.files) // BUCKET_BYTES

    def fingerprint(self) -> list[Any]:
        """What the output depends on, as JSON values.

        Where the files lie is left out: a folder that was moved, or is mounted elsewhere, holds the same data. Name, size and
        time tell a file that has changed; reading all of them for a checksum would take as long as preprocessing.
        """
        return [
            self.data.model_dump(exclude=set(SPLITS)),
            [feature.model_dump() for feature in self.features],
            {field: [[_name(file.path), file.size, file.updated] for file in self.listed[field]] for field in self.listed},
        ]


def _name(path: str) -> str:
    """A file's name, behind those of its folders that are columns, such as `day=2024-01-01`."""
    *folders, name = path.split("/")
    return "/".join([*(folder for folder in folders if "=" in folder), name])


def _check_each_once(listed: Mapping[str, Sequence[RawFile]]) -> None:
    """Refuses one file under two names: a model would be tested on rows it has learnt, or learn rows twice."""
    seen: dict[str, tuple[str, str]] = {}
    for field, files_of_field in listed.items():
        for file in files_of_field:
            # Links are followed: one file may lie in two folders by a link.
            target = os.path.realpath(file.path) if files.is_local(file.path) else file.path
            other_field, other = seen.setdefault(target, (field, file.path))
            if (other_field, other) == (field, file.path):
                continue
            if other_field == field:
                twice = f"{other} and {file.path} are one file, whose rows would count twice; leave one out"
                raise ConfigError(f"data.{field}: {twice}")
            raise ConfigError(
                f"data.{field}: {file.path} is a file of data.{other_field} too, so that a model would be tested on rows that "
                "it has learnt; name other files, or leave it to data.split to divide the rows"
            )

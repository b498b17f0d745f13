"""A config bound to its files and columns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from features.config import Config
from features.errors import DataError
from features.feature import Feature, inputs_of
from features.inputs import Input
from features.numbers import Numeric
from pipeline.preprocess.split import SPLITS
from pipeline.raw.piece import RawFile
from pipeline.raw.read import column_types
from pipeline.raw.shards import list_files

BUCKET_BYTES = 16 << 30  # raw data whose distinct values of one column fit one worker


@dataclass(frozen=True)
class Job:
    """A config bound to its files and columns."""

    config: Config
    listed: dict[str, list[RawFile]]
    features: list[Feature]
    inputs: list[Input]

    @classmethod
    def of(cls, config: Config) -> Job:
        """Lists the files, reads their headers, and resolves the features.

        Raises:
          ConfigError: a feature rule fits no column.
          DataError: a file is absent, empty or unreadable, or columns differ or are missing.
        """
        data = config.data
        listed = {split: list_files(getattr(data, split), split) for split in SPLITS if getattr(data, split)}
        types = column_types(data, [file for split in listed.values() for file in split])
        for field, column in (("label", data.label), ("weight", data.weight), ("split.column", data.split.column)):
            if column is not None and column not in types:
                raise DataError(f"data.{field}: column {column!r} is not in {listed['train'][0].path}")
        features = config.resolve(list(types))
        return cls(config, listed, features, inputs_of(features, types))

    @property
    def raw(self) -> list[Input]:
        """All columns to read: of features, label, weight and split."""
        data = self.config.data
        extra = [Input(data.label, "float32")]
        extra += [Input(data.weight, "float32")] if data.weight else []
        known = {column.name for column in [*self.inputs, *extra]}
        if data.split.column and data.split.column not in known:
            extra.append(Input(data.split.column, "string"))
        return [*self.inputs, *extra]

    @property
    def counted(self) -> list[Feature]:
        """The features, and the label as one."""
        return [*self.features, Numeric(name=self.config.data.label)]

    @property
    def buckets(self) -> int:
        """Parts into which the values of a column are hashed while they are counted."""
        return 1 + sum(file.size for listed in self.listed.values() for file in listed) // BUCKET_BYTES

    def fingerprint(self) -> list[Any]:
        """What the output depends on."""
        parts = [self.config.data.model_dump(), [feature.model_dump() for feature in self.features]]
        return [*parts, {split: [asdict(file) for file in listed] for split, listed in self.listed.items()}]

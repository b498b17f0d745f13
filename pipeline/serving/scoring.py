"""What batch scoring reads and writes: the columns of the model, the label, and those that are passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from features.config.data import TEXT_FIELDS, TEXT_FORMATS, DataConfig
from features.errors import ConfigError, DataError
from features.inputs import Input
from features.spec import FeatureSpec
from models.serving_model import SCORE
from pipeline.raw.piece import Shard
from pipeline.raw.read import column_types
from pipeline.raw.shards import list_files, plan_shards


@dataclass(frozen=True)
class Scoring:
    """What to score and how.

    Attributes:
      model: folder of the model, on any Beam filesystem.
      data: how the raw files are written.
      inputs: columns the model reads.
      carried: columns to pass on, the label among them where the files have it.
      output: folder for the scores.
    """

    model: str
    data: DataConfig
    inputs: list[Input]
    carried: list[Input]
    output: str

    @property
    def columns(self) -> list[Input]:
        """All columns to read, each once."""
        return list({column.name: column for column in [*self.carried, *self.inputs]}.values())


def plan_scoring(
    spec: FeatureSpec, model: str, patterns: Sequence[str], output: str, carry: Sequence[str], source: Mapping[str, Any]
) -> tuple[Scoring, list[Shard]]:
    """What to score, and the shards of the files.

    Args:
      spec: of the model.
      model: its folder.
      patterns: raw files.
      output: folder for the scores.
      carry: further columns to pass on.
      source: fields of the config's `data` in which these files differ from those the model was made from.

    Raises:
      ConfigError: a column to carry cannot be.
      DataError: no file matches, or a file lacks a column.
    """
    data = DataConfig.model_validate({**_written(spec, source), "train": list(patterns), "label": spec.label})
    try:
        listed = list_files(patterns, "input")
    except DataError as error:
        # Files that the config names are listed alike; here they come from an option.
        raise DataError(str(error).replace("data.input", "--input")) from None
    types = column_types(data, listed)
    inputs = [Input(column.name, column.dtype, column.length) for column in spec.inputs]
    _check_there([column.name for column in inputs], "which the model reads", types, listed[0].path)
    _check_there(carry, "which is to be carried", types, listed[0].path)
    by_name = {column.name: column for column in inputs}
    carried = [by_name.get(name) or _carried(name, types[name], spec.label) for name in carry]
    if spec.label in types and spec.label not in carry:
        carried.append(Input(spec.label, "float32"))
    # As test rows, of which none is set apart for another split.
    return Scoring(model, data, inputs, carried, output), plan_shards(data, {"test": listed})


def _written(spec: FeatureSpec, source: Mapping[str, Any]) -> dict[str, Any]:
    """How the files to score are written: as those the model was trained on, but for what `source` says otherwise."""
    as_trained = spec.source.model_dump()
    # Fields that only text has, such as its delimiter, are refused with other formats.
    if source.get("format", spec.source.format) not in TEXT_FORMATS:
        as_trained = {field: value for field, value in as_trained.items() if field not in TEXT_FIELDS}
    if source.get("header"):
        as_trained.pop("columns", None)
    return {**as_trained, **source}


def _check_there(names: Sequence[str], purpose: str, types: Mapping[str, pa.DataType | None], path: str) -> None:
    for name in names:
        if name not in types:
            raise DataError(f"{path}: column {name!r}, {purpose}, is not there; it has {', '.join(sorted(types))}")


def _carried(name: str, kind: pa.DataType | None, label: str) -> Input:
    """A column to pass on; `kind` is None in formats without types, where all but the label is text."""
    if name == SCORE or (kind is not None and pa.types.is_nested(kind)):
        raise ConfigError(f"--carry {name}: only columns of one value that are not called {SCORE!r} can be carried")
    if name == label and (kind is None or not pa.types.is_integer(kind)):
        return Input(name, "float32")  # as 0 and 1, whatever values mean them
    if kind is None:
        return Input(name, "string")
    if pa.types.is_integer(kind):
        return Input(name, "int64")
    return Input(name, "float32" if pa.types.is_floating(kind) else "string")

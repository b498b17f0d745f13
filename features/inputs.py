"""The raw columns that features read: the contract between the logs, the transform graph and a serving request.

A raw value that is not there is written as its type's missing mark: "" for text, NaN for floats, the least int64 for
integers. Lists are padded at their end with the same mark.
"""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.errors import DataError
from features.feature import Feature

MISSING_INT = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Input:
    """One raw column.

    Attributes:
      name: of the column.
      dtype: `string`, `int64` or `float32`.
      length: values per example of a list; None for one value.
      separator: where the logs hold the list as text; a serving request holds the list itself.
    """

    name: str
    dtype: str
    length: int | None = None
    separator: str | None = None

    @property
    def missing(self) -> str | int | float:
        """The value that stands for no value."""
        marks: dict[str, str | int | float] = {"string": "", "int64": MISSING_INT, "float32": float("nan")}
        return marks[self.dtype]

    def arrow_type(self) -> pa.DataType:
        """The type of the column in an Arrow batch of raw rows."""
        value = {"string": pa.string(), "int64": pa.int64(), "float32": pa.float32()}[self.dtype]
        return value if self.length is None else pa.list_(value, self.length)


def inputs_of(features: list[Feature], types: dict[str, pa.DataType | None]) -> list[Input]:
    """The raw columns that the features need, each once, in the order of their first use.

    Args:
      features: to be read.
      types: Arrow type of each column; None where the format has none (delimited text).

    Raises:
      DataError: a column's type does not fit its feature.
    """
    inputs: dict[str, Input] = {}
    for feature in features:
        for column in feature.inputs:
            found = _input(feature, column, types.get(column))
            known = inputs.setdefault(column, found)
            if known != found:
                raise DataError(f"column {column!r} is read as {known.dtype} and as {found.dtype}; give it one kind")
    return list(inputs.values())


def argument_names(names: Sequence[str]) -> dict[str, str]:
    """What each column is called as an argument of a serving signature, which must be a Python name.

    Letters without accents, digits and `_` stay, all else becomes `_`; `x` is set before a leading digit, `_` after a
    reserved word, and `_2`, `_3`, ... after a name that is taken.
    """
    arguments: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = f"x{plain}" if plain[:1].isdigit() or not plain else plain
        plain = f"{plain}_" if keyword.iskeyword(plain) or plain == "self" else plain
        candidates = itertools.chain([plain], (f"{plain}_{number}" for number in itertools.count(2)))
        taken = {*arguments.values(), *(set(names) - {name})}
        arguments[name] = next(candidate for candidate in candidates if candidate not in taken)
    return arguments


def _input(feature: Feature, column: str, kind: pa.DataType | None) -> Input:
    if feature.kind == "numeric":
        if kind is not None and not (_number(kind) or pa.types.is_boolean(kind)):
            raise DataError(f"column {column!r} is {kind}, not a number; feature {feature.name!r} needs another kind")
        return Input(column, "float32")
    text = kind is None or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    separator = feature.separator if text else None
    if feature.kind == "dense":
        if not (separator or (kind is not None and _list(kind))):
            raise DataError(f"column {column!r} is {kind or 'text'}, not a list of numbers, as kind dense needs")
        length = kind.list_size if kind is not None and pa.types.is_fixed_size_list(kind) else feature.max_length
        return Input(column, "float32", length, separator)
    if feature.kind == "multivalued" and kind is None and not separator:
        raise DataError(f"column {column!r} is text; feature {feature.name!r} needs a `separator` that splits it")
    if column == feature.weights:
        return Input(column, "float32", feature.max_length, separator)
    if separator:
        return Input(column, "string")
    length = feature.max_length if feature.kind == "multivalued" else None
    if kind is not None and _list(kind):
        if length is None:
            raise DataError(f"column {column!r} holds lists; feature {feature.name!r} needs kind multivalued or dense")
        kind = kind.value_type
    whole = kind is not None and (_number(kind) or pa.types.is_boolean(kind))
    return Input(column, "int64" if whole else "string", length)


def _number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)

"""The raw columns that features read: the contract between the logs, the transform graph and a serving request.

A raw value that is not there is written as its type's missing mark: "" for text, NaN for floats, the least int64 for
integers. Lists are padded at their end with the same mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from features.errors import DataError

# A number that codes hardly ever have; 0 and -1, which many logs use for codes, would not do.
MISSING_INT = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Input:
    """One raw column.

    Attributes:
      name: of the column.
      dtype: `string`, `int64` or `float32`.
      length: values per example of a list; None for one value.
      separator: where the logs hold the list as text; a serving request holds the list itself.
      non_negative: whether rows with a number below 0 are rejected, as of weights. A served model counts such a weight as 0.
    """

    name: str
    dtype: str
    length: int | None = None
    separator: str | None = None
    # Not compared: a column that is a weight here and a feature there is still read in one way.
    non_negative: bool = field(default=False, compare=False)

    @property
    def missing(self) -> str | int | float:
        """The value that stands for no value."""
        marks: dict[str, str | int | float] = {"string": "", "int64": MISSING_INT, "float32": float("nan")}
        return marks[self.dtype]

    def arrow_type(self) -> pa.DataType:
        """The type of the column in an Arrow batch of raw rows."""
        # Lists are padded to one length, as their values then lie in one buffer that NumPy and TensorFlow take as a matrix.
        value = {"string": pa.string(), "int64": pa.int64(), "float32": pa.float32()}[self.dtype]
        return value if self.length is None else pa.list_(value, self.length)


def holds_texts(column_type: pa.DataType | None) -> bool:
    """Whether a column's values are texts, as all are in a format without types."""
    return column_type is None or pa.types.is_string(column_type) or pa.types.is_large_string(column_type)


def holds_numbers(column_type: pa.DataType) -> bool:
    """Whether a column's values are numbers, or booleans, which are 0 and 1; so are those of a column without values."""
    return any(is_type(column_type) for is_type in _NUMBERS)


def check_numbers(where: str, column: str, column_type: pa.DataType | None) -> None:
    """Refuses a column whose values, or those of its lists, are neither numbers nor texts, which may be numbers.

    Args:
      where: what reads the column, such as `data.label`.
      column: its name.
      column_type: None where the format has none.

    Raises:
      DataError: names reader, column and type.
    """
    values = column_type.value_type if column_type is not None and holds_lists(column_type) else column_type
    if values is not None and not (holds_numbers(values) or holds_texts(values)):
        raise DataError(f"{where}: column {column!r} is {column_type}, where numbers are expected; write it as numbers")


def holds_lists(column_type: pa.DataType) -> bool:
    """Whether a column's values are lists."""
    return any(is_type(column_type) for is_type in _LISTS)


_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)

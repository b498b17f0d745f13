"""How Arrow is told to read delimited text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.csv

from features.config.data import DataConfig

# pyarrow.csv spends 2 to 3 times the CPU on one huge block (measured on Criteo's format).
_BLOCK_BYTES = 1 << 20

# Gets each row with too many or too few fields; returns "skip" or "error".
InvalidRowHandler = Callable[[pa.csv.InvalidRow], str]


def read_options(names: list[str]) -> pa.csv.ReadOptions:
    """For text that is parsed in parallel."""
    return pa.csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES)


def one_block_options(names: list[str], size: int) -> pa.csv.ReadOptions:
    """For text of `size` bytes that is parsed at once, however long its rows; only so does Arrow number invalid rows."""
    return pa.csv.ReadOptions(column_names=names, block_size=size + 1, use_threads=False)


def parse_options(data: DataConfig, invalid_row_handler: InvalidRowHandler | None = None) -> pa.csv.ParseOptions:
    """Delimiter and quotes as the config says."""
    return pa.csv.ParseOptions(
        delimiter=data.separator,
        quote_char='"' if data.quoted else False,
        newlines_in_values=data.quoted == "multiline",
        invalid_row_handler=invalid_row_handler,
    )


def convert_options(data: DataConfig, types: Mapping[str, pa.DataType]) -> pa.csv.ConvertOptions:
    """The columns to convert, their types, and the texts that are null in them."""
    # The empty text means "no value" always: in delimited text there is no other way to write it.
    missing = ["", *data.missing]
    return pa.csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=missing, strings_can_be_null=True)

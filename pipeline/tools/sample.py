"""A sample of new data: its first rows, and what had to be found out to read them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw import delimited
from pipeline.raw.format import Format
from pipeline.raw.formats import FORMATS, recognise
from pipeline.raw.read import first_rows
from pipeline.tools.text_layout import find_layout

MARKERS = ["NA", "N/A", "NULL", "null", "None", "nan", "NaN", "\\N", "?"]  # seen in the wild for "no value"
_FILES = 4  # that are looked at


@dataclasses.dataclass(frozen=True)
class Sample:
    """The first rows of a data set, and what had to be found out to read them.

    Attributes:
      table: of all columns.
      data: how the files are written; its label is left open.
      missing: texts that seem to stand for no value.
      bad_rows: rows that could not be read.
    """

    table: pa.Table
    data: DataConfig
    missing: tuple[str, ...] = ()
    bad_rows: int = 0

    @property
    def is_unusual(self) -> bool:
        """Whether the files are written in a way that not every one of them shows."""
        return self.data.encoding != "utf-8" or self.data.quoted == "multiline"


class NoRowsError(DataError):
    """A file that can be read has no rows, as a part of a larger output may."""


def spread(paths: list[str], rows: int) -> Sample:
    """Reads the first rows of up to four files, from the first to the last: the first alone may be of one day.

    A file without rows gives its place to the next one.

    Raises:
      DataError: a file cannot be read, or none has rows.
    """
    starts = dict.fromkeys(np.linspace(0, len(paths) - 1, _FILES).round().astype(int).tolist())
    samples: dict[str, Sample] = {}
    for start in starts:
        path, sample = _first_with_rows(paths[start:], rows // len(starts))
        if sample is not None:
            samples[path] = sample
    if not samples:
        read(paths[0], rows)  # says that it has none
    first = next(iter(samples.values()))
    alike = [sample for sample in samples.values() if set(sample.table.column_names) == set(first.table.column_names)]
    columns = {name: _together([sample.table[name] for sample in alike]) for name in first.table.column_names}
    return dataclasses.replace(
        first,
        table=pa.table(columns),
        # A file without foreign letters looks like UTF-8: the one that shows more counts.
        data=next((sample.data for sample in samples.values() if sample.is_unusual), first.data),
        missing=tuple(dict.fromkeys(mark for sample in samples.values() for mark in sample.missing)),
        bad_rows=sum(sample.bad_rows for sample in samples.values()),
    )


def _first_with_rows(paths: list[str], rows: int) -> tuple[str, Sample | None]:
    for path in paths:
        try:
            return path, read(path, rows)
        except NoRowsError:
            continue
    return "", None


def read(path: str, rows: int) -> Sample:
    """Reads the first rows of a file of any format; of delimited text, finds out first how it is written.

    Raises:
      DataError: the file cannot be read or has no rows.
    """
    try:
        form = recognise(path)
        data = find_layout(path) if form is delimited else _typed_format(form, path)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    table, bad_rows = first_rows(data, path, rows)
    if not table.num_rows:
        where = " below its header" if form is delimited and data.header else ""
        raise NoRowsError(f"{path}: has no rows{where}; winnow needs some to look at")
    if form is not delimited:
        return Sample(table, data)
    arrays = [as_array(column) for column in table.columns]
    missing = tuple(mark for mark in MARKERS if any(_marks(array, mark) for array in arrays))
    typed = pa.table([_typed(array, pa.array(missing, pa.string())) for array in arrays], names=table.column_names)
    return Sample(typed, data, missing, bad_rows)


def as_array(column: pa.ChunkedArray) -> pa.Array:
    """One array, as `_plain` makes it."""
    array = column.combine_chunks()
    return _plain(array.chunk(0) if isinstance(array, pa.ChunkedArray) else array)


def _together(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Chunks of all columns; texts where one file seems to hold numbers and another does not."""
    if len({column.type for column in columns}) > 1:
        try:
            wider = pa.concat_tables([pa.table({"": column}) for column in columns], promote_options="permissive")
            return wider[""]
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns = [column.cast(pa.string()) for column in columns]
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _typed_format(form: Format, path: str) -> DataConfig:
    # The label is found later, from the columns.
    name = next(name for name, known in FORMATS.items() if known is form)
    return DataConfig(format=name, train=[path], label="")


def _marks(array: pa.Array, mark: str) -> bool:
    """Whether a text stands for "no value" here: it occurs, and not alone."""
    values = array.unique().drop_null()
    return len(values) > 1 and bool(pc.any(pc.equal(values, mark)).as_py())


def _typed(array: pa.Array, missing: pa.Array) -> pa.Array:
    """Texts as integers or floats where all are; codes with leading zeros, or too long to be integers, stay texts."""
    # Each distinct text is looked at once.
    coded = array.dictionary_encode()
    values = pc.if_else(pc.is_in(coded.dictionary, missing), None, coded.dictionary)
    trimmed = pc.utf8_trim_whitespace(values)  # as a run reads numbers
    if not pc.any(pc.match_substring_regex(trimmed, r"^[+-]?(0\d|\d{19})")).as_py():
        for kind in (pa.int64(), pa.float64()):
            try:
                values = trimmed.cast(kind)
                break
            except pa.ArrowInvalid:
                continue
    return _plain(values.take(coded.indices))


def _plain(array: pa.Array) -> pa.Array:
    """Without dictionaries, NaN and decimals; floats that only stand for integers with gaps become integers."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
        whole = pc.and_(pc.is_finite(array), pc.equal(pc.round(array), array))
        if array.null_count and pc.all(whole, min_count=1).as_py():
            array = array.cast(pa.int64(), safe=False)
    return array

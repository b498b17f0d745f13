"""A sample of new data: its first rows, and what had to be found out to read them."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.data_config import DataConfig
from features.errors import DataError
from pipeline.raw import delimited
from pipeline.raw.compression import open_decompressed
from pipeline.raw.format import Format
from pipeline.raw.formats import FORMATS, recognise
from pipeline.raw.read import first_rows

CRITEO = ["label", *(f"I{number}" for number in range(1, 14)), *(f"C{number}" for number in range(1, 27))]
MARKERS = ["NA", "N/A", "NULL", "null", "None", "nan", "NaN", "\\N", "?"]  # seen in the wild for "no value"
_HEAD, _LINES = 1 << 20, 1000  # bytes and lines of a delimited file from which its delimiter and header are found
_FILES = 4  # that are looked at


@dataclasses.dataclass(frozen=True)
class Sample:
    """The first rows of a data set, and what had to be found out to read them."""

    table: pa.Table
    format: str
    header: bool = True
    delimiter: str = ","
    missing: tuple[str, ...] = ()
    bad_rows: int = 0


def spread(paths: list[str], rows: int) -> Sample:
    """Reads the first rows of up to four files, from the first to the last: the first alone may be of one day.

    Raises:
      DataError: a file cannot be read or has no rows.
    """
    places = dict.fromkeys(np.linspace(0, len(paths) - 1, _FILES).round().astype(int).tolist())
    samples = [read(paths[place], rows // len(places)) for place in places]
    first = samples[0]
    tables = [own.table for own in samples if set(own.table.column_names) == set(first.table.column_names)]
    columns = {name: _together([table[name] for table in tables]) for name in first.table.column_names}
    return dataclasses.replace(
        first,
        table=pa.table(columns),
        missing=tuple(dict.fromkeys(mark for own in samples for mark in own.missing)),
        bad_rows=sum(own.bad_rows for own in samples),
    )


def read(path: str, rows: int) -> Sample:
    """Reads the first rows of a file of any format; of delimited text, finds out first how it is written.

    Raises:
      DataError: the file cannot be read or has no rows.
    """
    try:
        form = recognise(path)
        data = _delimited(path) if form is delimited else _typed_format(form, path)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    table, bad_rows = first_rows(data, path, rows)
    if not table.num_rows:
        where = " below its header" if form is delimited and data.header else ""
        raise DataError(f"{path}: has no rows{where}; winnow needs some to look at")
    if form is not delimited:
        return Sample(table, data.format)
    arrays = [as_array(column) for column in table.columns]
    missing = tuple(mark for mark in MARKERS if any(_marks(array, mark) for array in arrays))
    typed = pa.table([_typed(array, pa.array(missing, pa.string())) for array in arrays], names=table.column_names)
    return Sample(typed, data.format, data.header, data.separator, missing, bad_rows)


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
    name = next(name for name, known in FORMATS.items() if known is form)
    return DataConfig(format=name, train=[path], label="")


def _delimited(path: str) -> DataConfig:
    """How a delimited file is written, by a look at its first lines."""
    with open_decompressed(path) as source:
        head = bytes(source.read(_HEAD))
    lines = [line.rstrip("\r") for line in head.decode("utf-8-sig", "ignore").split("\n")[:_LINES]]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path}: empty; winnow needs rows to look at")
    delimiter = _delimiter(path, lines[:200])
    cells = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    header = _header(cells)
    names = cells[0] if header else _names(cells)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: row 1 names column {twice[0]!r} twice; give every column a name of its own")
    form = "tsv" if delimiter == "\t" else "csv"
    columns = [] if header else names
    return DataConfig(format=form, train=[path], label="", header=header, columns=columns, delimiter=delimiter)


def _delimiter(path: str, lines: list[str]) -> str:
    """The mark that divides nearly all lines, the first among them, into the same number of cells."""
    for mark in "\t,;|":
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        width, count = Counter(widths).most_common(1)[0]
        if width > 1 and widths[0] == width and count >= 0.9 * len(widths):
            return mark
    raise DataError(f"{path}: lines are not divided alike by tab, comma, semicolon or |; is this delimited text?")


def _header(cells: list[list[str]]) -> bool:
    """Names are all there, are no numbers, and do not come again as values of their column."""
    first, rest = cells[0], cells[1:]
    if any(not cell.strip() or _is_number(cell) for cell in first):
        return False
    return not any(cell == name for row in rest for name, cell in zip(first, row, strict=False))


def _names(cells: list[list[str]]) -> list[str]:
    """Names for the columns of a file without a header; 40 columns with a 0/1 in front are Criteo's."""
    width = Counter(map(len, cells)).most_common(1)[0][0]
    front = {row[0] for row in cells if row}
    return CRITEO if width == len(CRITEO) and front <= {"0", "1"} else [f"column{place}" for place in range(width)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _marks(array: pa.Array, mark: str) -> bool:
    """Whether a text stands for "no value" here: it occurs, and not alone."""
    values = array.unique().drop_null()
    return len(values) > 1 and bool(pc.any(pc.equal(values, mark)).as_py())


def _typed(array: pa.Array, missing: pa.Array) -> pa.Array:
    """Texts as integers or floats where all are; codes with leading zeros, or too long to be integers, stay texts."""
    coded = array.dictionary_encode()
    values = pc.if_else(pc.is_in(coded.dictionary, missing), None, coded.dictionary)
    if not pc.any(pc.match_substring_regex(values, r"^[+-]?(0\d|\d{19})")).as_py():
        for kind in (pa.int64(), pa.float64()):
            try:
                values = values.cast(kind)
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

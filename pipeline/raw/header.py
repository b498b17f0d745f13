"""The header of a delimited file: its columns' names, and where its rows begin."""

from __future__ import annotations

import codecs
import re

import pyarrow as pa
import pyarrow.csv

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw.arrow_csv import parse_options
from pipeline.raw.block import Block
from pipeline.raw.encoding import line_encoding, open_text

# Bytes that are read at a time until the header is whole: mostly once, even of tables with thousands of columns.
_READ_BYTES = 64 << 10
_LONGEST = 64 << 20  # bytes; without a newline in them, a file is no delimited text
# First bytes of zip, gzip, bzip2, zstd, xz and 7z files.
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"7z\xbc\xaf")
PARQUET = b"PAR1"
_LINE = re.compile(rb"(?:\r*\n)*[^\n]*\n")  # with the blank lines before it
# Possessive ("*+"): a header that is not whole yet must not be tried again from each of its quotes.
_QUOTED_LINE = re.compile(rb'(?:\r*\n)*(?:[^"\n]|"[^"]*")*+\n')


def read_header(data: DataConfig, path: str) -> tuple[list[str], int]:
    """Names of the columns, and the offset of the first line after the header (and after a byte order mark).

    A file without any text, as Spark writes for parts without rows, has no columns.

    Raises:
      DataError: the header is not in the encoding that the config says, or the file is no delimited text.
    """
    head = _head(data, path)
    if head.startswith(PACKED):
        raise DataError(f"{path}: is an archive, or compressed though its name does not say so; unpack or rename it")
    if head.startswith(PARQUET):
        raise DataError(f"{path}: is a Parquet file, not {data.format}; set data.format, or leave it out of the pattern")
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if not data.header:
        return list(data.columns), mark
    text = _decoded(head[mark:], data, path).strip("\r\n")
    if "\r" in text:
        raise DataError(f"{path}: its lines end in carriage returns alone; write newlines (tr '\\r' '\\n' < FILE > NEW)")
    if data.quoted is True and Block(data, head[mark:], mark).broken_rows():
        raise DataError(f"{path}: the header has a quote that is not closed; mend it, or set data.quoted: false")
    if not text.strip():
        return [], len(head)
    # Parsed by Arrow, as the rows will be, with quotes and doubled quotes. In one block: a header longer than one would fail.
    line = pa.BufferReader(f"{text}\n".encode())
    table = pa.csv.read_csv(line, pa.csv.ReadOptions(block_size=2 * len(text) + 1024), parse_options(data))
    return list(table.column_names), len(head)


def _head(data: DataConfig, path: str) -> bytes:
    """The file up to the end of its first line that is not blank."""
    pattern, head = _QUOTED_LINE if data.quoted == "multiline" else _LINE, b""
    with open_text(path, data.encoding) as source:
        while part := source.read(_READ_BYTES):
            head += part
            if line := pattern.match(head):
                return line[0]
            if len(head) > _LONGEST:
                raise DataError(f"{path}: no line ends in its first {len(head):,} bytes; is this delimited text?")
            if not data.header:
                break
    return head


def _decoded(head: bytes, data: DataConfig, path: str) -> str:
    try:
        return head.decode(line_encoding(data.encoding))
    except UnicodeDecodeError as error:
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        name = "utf-16" if wide else "latin1"
        at = f"byte {error.start:,} is 0x{head[error.start]:02x}"
        raise DataError(f"{path}: the header is not {data.encoding} ({at}); set data.encoding, perhaps to {name}") from None

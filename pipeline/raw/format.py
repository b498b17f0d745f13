"""What a raw format can do: the protocol that each module of a format fulfils."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from features.config.data import DataConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw.piece import Piece, RawFile
from pipeline.raw.rejects import RejectedRow

# Gives the offset and the text of each row, by its number in a table. A function, as hardly any row is ever asked for.
Locate = Callable[[Sequence[int]], list[tuple[int, bytes]]]


@dataclass(frozen=True)
class RawTable:
    """Rows as a format reads them, before their values are checked.

    Attributes:
      table: the columns asked for, of whatever types the format has; bytes where text is not checked yet.
      first: a number for the first row, from which rows are numbered within their file.
      locate: finds the offset in the file and the text of rows of the table, given by their numbers in it.
      rows: how many rows there are, rejected ones among them, by a count that is not the parser's: of lines, of records,
        or that of a footer.
      span: offsets in the file from which to which this table accounts for it; the next one begins where this one ends.
      rejected: rows that could not be read as rows at all, and are not in the table.
    """

    table: pa.Table
    first: int
    locate: Locate
    rows: int
    span: tuple[int, int]
    rejected: list[RejectedRow] = field(default_factory=list)


class Format(Protocol):
    """A raw format. Each is a module with these names; `pipeline.raw.formats` lists them.

    What cannot be read at all raises OSError, EOFError, zlib.error or pa.ArrowInvalid, to which `naming_unreadable` adds the
    file's name.

    Attributes:
      SUFFIXES: ends of the names of such files, without compression.
      COLUMNS_MAY_LACK: whether a file may lack columns that others have; their values are then missing.
      HAS_ENCODING: whether `data.encoding` says how its texts are written.
    """

    SUFFIXES: tuple[str, ...]
    COLUMNS_MAY_LACK: bool
    HAS_ENCODING: bool

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins with these (decompressed) bytes is of this format."""

    def columns(self, data: DataConfig, path: str) -> list[tuple[str, pa.DataType | None]]:
        """Names and Arrow types of a file's columns in their order; None where the format has no types."""

    def cut(self, data: DataConfig, file: RawFile) -> Iterator[tuple[Piece, ...]]:
        """The pieces of each shard of a file; they depend on that file alone."""

    def end(self, data: DataConfig, file: RawFile) -> int | None:
        """The offset after a file's last row; None where only reading the whole file finds it."""

    def tables(self, data: DataConfig, inputs: Sequence[Input], piece: Piece) -> Iterator[RawTable]:
        """The rows of a piece, some megabytes at a time, with the columns that the inputs name."""

    def estimate_rows(self, data: DataConfig, file: RawFile) -> int:
        """About how many rows a file has, by a look at its start or at its metadata."""


@contextmanager
def naming_unreadable(path: str, name: str) -> Iterator[None]:
    """Turns what a format raises for a file it cannot read into an error that names the file.

    Args:
      path: of the file.
      name: of the format, as in `data.format`.

    Raises:
      DataError: the file is damaged, gone, or of another format.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        at = f"byte {error.start:,} is 0x{error.object[error.start]:02x}"
        raise DataError(f"{path}: cannot be read as {name}: not {error.encoding} ({at}); look at data.encoding") from None
    except UnicodeError as error:  # of a file as a whole, such as UTF-16 without its mark
        raise DataError(f"{path}: cannot be read as {name}: {error}; look at data.encoding") from None
    # These come from reading and decompressing. Other exceptions are bugs, and keep their traceback.
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as {name}: {error}") from None

"""Raw files and the units in which they are read."""

from __future__ import annotations

from dataclasses import dataclass

# Text that is parsed at once: large enough that Arrow's threads all have work, small enough for a few to be in memory.
PIECE_BYTES = 16 << 20
# What one worker parses, counts and writes as one copy: enough to make up for starting it, little to lose when it is killed.
SHARD_BYTES = 64 << 20
SHARD_ROWS = 256 << 10  # of Parquet, which has no text: about as many as 64 MB of a log's text hold


@dataclass(frozen=True)
class RawFile:
    """A raw file, with the size and time that change when its content does.

    Attributes:
      path: on any Beam filesystem.
      size: in bytes.
      updated: seconds since 1970, or 0 where the filesystem does not say.
    """

    path: str
    size: int
    updated: float


@dataclass(frozen=True)
class Piece:
    """The part of a file that is read at once, in the unit of its format.

    Attributes:
      path: of the file.
      start: first byte of text (the piece begins with the first line that starts there or later), or first row group.
      stop: one after the last; -1 for the whole file, where it cannot be entered in the middle.
    """

    path: str
    start: int
    stop: int


@dataclass(frozen=True)
class Shard:
    """Pieces of one file that one worker reads, in order; `split` is the config's field that named the file."""

    file: RawFile
    split: str
    pieces: tuple[Piece, ...]


def whole(file: RawFile) -> tuple[Piece, ...]:
    """A file that cannot be entered in the middle, as the pieces of one shard."""
    return (Piece(file.path, 0, -1),)

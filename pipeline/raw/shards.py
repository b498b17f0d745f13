"""Raw files cut into shards, the units of work; the cut depends on each file alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet
from apache_beam.io.filesystems import FileSystems

from features.config import DataConfig
from features.errors import DataError
from pipeline.runtime import files

PIECE_BYTES = 16 << 20
SHARD_BYTES = 64 << 20
SHARD_ROWS = 256 << 10
CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


@dataclass(frozen=True)
class File:
    """A raw file and what changes when it does."""

    path: str
    size: int
    updated: float


@dataclass(frozen=True)
class Piece:
    """What is read at once.

    Bytes [start, stop) of delimited text, aligned outwards to lines; row groups [start, stop) of a Parquet file; a whole
    TFRecord or compressed file, or one whose fields may hold newlines, with a stop of -1.
    """

    path: str
    start: int
    stop: int


@dataclass(frozen=True)
class Shard:
    """Pieces of one file that one worker reads, in order; `split` is the config's field that named the file."""

    file: File
    split: str
    pieces: tuple[Piece, ...]


def list_files(patterns: Sequence[str], field: str) -> list[File]:
    """Files behind paths and globs, sorted by path.

    Raises:
      DataError: a pattern matches nothing, or a file is empty.
    """
    found: dict[str, File] = {}
    for pattern in patterns:
        try:
            matched = FileSystems.match([pattern])[0].metadata_list
        except Exception as error:  # Beam wraps whatever its filesystem raises
            raise DataError(f"data.{field}: {pattern} cannot be listed: {error}") from None
        if not matched:
            raise DataError(f"data.{field}: no file matches {pattern}")
        for entry in matched:
            if entry.size_in_bytes == 0:
                raise DataError(f"data.{field}: {entry.path} is empty; remove it, or leave it out of the pattern")
            found[entry.path] = File(entry.path, entry.size_in_bytes, entry.last_updated_in_seconds or 0.0)
    return [found[path] for path in sorted(found)]


def plan_shards(data: DataConfig, listed: Mapping[str, Sequence[File]]) -> list[Shard]:
    """Cuts files, given by split, into shards of about 64 MB of text or 256k Parquet rows."""
    return [Shard(file, split, pieces) for split, own in listed.items() for file in own for pieces in _cut(data, file)]


def _cut(data: DataConfig, file: File) -> Iterator[tuple[Piece, ...]]:
    if data.format == "parquet":
        yield from _row_groups(file.path)
    elif data.format == "tfrecord" or data.quoted == "multiline" or file.path.endswith(tuple(CODECS)):
        yield (Piece(file.path, 0, -1),)  # none can be entered in the middle
    else:
        starts = range(0, file.size, PIECE_BYTES)
        pieces = [Piece(file.path, start, min(start + PIECE_BYTES, file.size)) for start in starts]
        step = SHARD_BYTES // PIECE_BYTES
        yield from (tuple(pieces[at : at + step]) for at in range(0, len(pieces), step))


def _row_groups(path: str) -> Iterator[tuple[Piece, ...]]:
    try:
        with files.open_file(path) as source:
            metadata = pa.parquet.read_metadata(pa.PythonFile(source, "r"))
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as parquet: {error}") from None
    start = rows = 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= SHARD_ROWS or group == metadata.num_row_groups - 1:
            yield (Piece(path, start, group + 1),)
            start, rows = group + 1, 0

"""The Parquet files of the output: which rows go into which, how they are written, and the note that one is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet

from features.errors import DataError
from features.manifest import PartFile
from pipeline.preprocess.folders import Folders
from pipeline.preprocess.parsed_shard import ParsedShard
from pipeline.preprocess.split import SPLITS
from pipeline.runtime import files

# Readers shuffle whole row groups and decode one at a time: large enough to compress well, small enough to hold several.
ROW_GROUP_ROWS = 128 << 10


@dataclass(frozen=True)
class OutputFile:
    """One file of the output.

    Attributes:
      name: relative to the transformed folder.
      path: of the file.
      note: path of the `PartFile` that its worker leaves once it is whole.
      split: of its rows.
      shards: the parsed shards that they come from, in order.
      rows: how many they are.
    """

    name: str
    path: str
    note: str
    split: str
    shards: tuple[ParsedShard, ...]
    rows: int

    @property
    def row_group_rows(self) -> int:
        """Rows of each row group: 64k to 128k, wherever the file has that many."""
        # Rows divided equally, so that no file ends in a row group of a few rows. -(-a // b) rounds up.
        return -(-self.rows // max(1, -(-self.rows // ROW_GROUP_ROWS)))

    @property
    def whole(self) -> bool:
        """Whether an earlier, interrupted run has written it."""
        return files.exists(self.note)

    def write(self, tables: Iterator[pa.Table]) -> None:
        """Writes the file, and then the note with its hash.

        Raises:
          DataError: the tables have not the rows that the shards were counted to have.
        """
        with files.written(self.path) as target:
            hashed = _HashedFile(target)
            rows = _write_parquet(tables, hashed, self.row_group_rows)
        # The note is written only if no row is lost: without it, the next run writes the file again.
        if rows != self.rows:
            raise DataError(f"{self.path}: has {rows} rows, not {self.rows}; run `winnow preprocess --force`")
        files.write_document(self.note, PartFile(file=self.name, rows=rows, sha256=hashed.sha256.hexdigest()))


def plan_output(parsed: Sequence[ParsedShard], folders: Folders) -> list[OutputFile]:
    """Joins neighbouring shards until a file has rows for a row group; what is left after the last full one goes to it."""
    planned = []
    # Planned from the counts and before any row is read, so that files are the same however many workers write them.
    for split in SPLITS:
        for number, shards in enumerate(_groups([shard for shard in parsed if shard.counts(split).rows], split)):
            file = f"part-{number:05d}.parquet"
            planned.append(
                OutputFile(
                    name=f"{split}/{file}",
                    path=files.join(folders.output.folder, split, file),
                    note=files.join(folders.written, f"{split}-{number:05d}.json"),
                    split=split,
                    shards=tuple(ParsedShard(shard.base) for shard in shards),
                    rows=sum(shard.counts(split).rows for shard in shards),
                )
            )
    return planned


def _groups(shards: Sequence[ParsedShard], split: str) -> list[list[ParsedShard]]:
    """Neighbouring shards in groups of at least `ROW_GROUP_ROWS` rows; one smaller group where there are fewer in all."""
    groups: list[list[ParsedShard]] = []
    size = ROW_GROUP_ROWS
    left = sum(shard.counts(split).rows for shard in shards)
    for shard in shards:
        if size >= ROW_GROUP_ROWS and (left >= ROW_GROUP_ROWS or not groups):
            groups.append([])
            size = 0
        groups[-1].append(shard)
        rows = shard.counts(split).rows
        size, left = size + rows, left - rows
    return groups


class _HashedFile:
    """A file to write that hashes what goes through it, so that nobody has to read it again for its checksum."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target = target
        self.sha256 = hashlib.sha256()
        self.closed = False

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return self.target.write(content)

    def flush(self) -> None:
        self.target.flush()

    def close(self) -> None:
        """Arrow closes its files; the target is closed by whoever opened it, which renames it."""
        self.closed = True


def _write_parquet(tables: Iterator[pa.Table], target: _HashedFile, row_group_rows: int) -> int:
    """Writes row groups of equal size but for the last, and returns the number of rows."""
    writer = None
    waiting: list[pa.Table] = []
    written = 0
    for table in tables:
        writer = writer or pa.parquet.ParquetWriter(pa.PythonFile(target, "w"), table.schema, compression="zstd")
        waiting.append(table)
        rows = sum(part.num_rows for part in waiting)
        # Tables come in the sizes of the raw files' blocks; row groups must all be of one size, so tables wait here.
        if rows >= row_group_rows:
            full, joined = rows // row_group_rows * row_group_rows, pa.concat_tables(waiting)
            writer.write_table(joined.slice(0, full), row_group_size=row_group_rows)
            waiting, written = [joined.slice(full)], written + full
    if writer is not None:
        rest = pa.concat_tables(waiting)
        if rest.num_rows:
            writer.write_table(rest, row_group_size=row_group_rows)
        writer.close()
        written += rest.num_rows
    return written

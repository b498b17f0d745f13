"""The pass over the raw files: each shard becomes a compact Arrow copy of its rows, by split, and its part of the counts.

The copy (texts and integers as codes with a dictionary, LZ4) is what the second pass reads: parsing text again would cost
more. A shard's files are named after its cache key, so that a shard that has been parsed is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from features.config.data import DataConfig
from features.feature import Feature
from features.inputs import Input
from features.manifest import SplitCounts
from pipeline.preprocess.analyze import analyze
from pipeline.preprocess.parsed_shard import ParsedShard, ShardRecord
from pipeline.preprocess.partial import Partial, in_buckets, merge, read_partials, write_partials
from pipeline.preprocess.row_hashes import Hashes, row_hashes
from pipeline.preprocess.row_keys import RowKeys
from pipeline.preprocess.row_sample import RowSample
from pipeline.preprocess.shard_key import shard_key
from pipeline.preprocess.split import SPLITS, TRAIN, split_of
from pipeline.raw.accounts import Account
from pipeline.raw.piece import SHARD_BYTES, SHARD_ROWS, Shard
from pipeline.raw.read import Rows, read
from pipeline.raw.rejects import RejectedRow, Tally, rejected_table
from pipeline.runtime import files
from pipeline.runtime.versions import program_version

Key = tuple[str, str, int]  # feature, split, bucket of values
# Share of a shard's rows that are bad above which the config must be wrong (a delimiter, a label), and the shard need not be
# read to its end. A judgement; `max_bad_ratio` may allow more.
_HOPELESS = 0.5
_HOPELESS_ROWS = 1000  # among fewer rows, a few bad ones are no sign


class ParseShard(beam.DoFn):
    """Shard -> ((feature, split, bucket), Partial); writes the shard's files first, unless an earlier run has.

    Args:
      data: the config's section.
      features: to be counted.
      inputs: columns to read.
      folder: receives the files.
      buckets: parts into which values are hashed.
      sampled: rows of each shard that are compared with those of others.
    """

    def __init__(
        self,
        data: DataConfig,
        features: Sequence[Feature],
        inputs: Sequence[Input],
        folder: str,
        buckets: int = 1,
        sampled: int = 0,
    ) -> None:
        self.data, self.features, self.inputs = data, list(features), list(inputs)
        self.folder, self.buckets, self.sampled = folder, buckets, sampled
        self.version = program_version()  # of the launcher: a worker may have the program without its metadata

    def setup(self) -> None:
        """Starts threads: columns are independent of each other, and Arrow and numpy work without the interpreter's lock."""
        self.pool = ThreadPoolExecutor(os.cpu_count())

    def teardown(self) -> None:
        """Ends the threads."""
        self.pool.shutdown()

    def parsed(self, shard: Shard) -> ParsedShard:
        """The files that a shard has, or will have."""
        return ParsedShard(files.join(self.folder, shard_key(self.version, self.data, self.features, self.inputs, shard)))

    def process(self, shard: Shard) -> Iterator[tuple[Key, Partial]]:
        """Reads the shard once, for all features."""
        parsed = self.parsed(shard)
        if not parsed.whole:
            self._parse(shard, parsed)
        # Read back also when just written: one way for shards of this run and of earlier ones.
        by_name = {feature.name: feature for feature in self.features}
        for (name, split), partial in read_partials(files.read_bytes(parsed.counts_file), parsed.counts_file):
            for bucket, part in in_buckets(by_name[name], partial, self.buckets):
                yield (name, split, bucket), part

    def _parse(self, shard: Shard, parsed: ParsedShard) -> None:
        partials: dict[tuple[str, str], list[Partial]] = {}
        rejects, account, sample = _Rejects(), Account(shard.file.path), RowSample()
        with _RowsWriter(parsed, self.data.label) as writer:
            for chunk in _chunks(self._read(shard, rejects, account)):
                for split, table, keys in self._divided(chunk, shard.split, sample):
                    writer.write(split, table)
                    for feature, partial in zip(self.features, self._analyzed(table, keys), strict=True):
                        partials.setdefault((feature.name, split), []).append(partial)
        # The record comes last, as it marks all other files as whole.
        with files.written(parsed.counts_file) as target:
            write_partials(target, ((key, merge(parts)) for key, parts in partials.items()))
        rejects.write(shard.file.path, parsed.rejected_file)
        sample.write(parsed.sample_file)
        record = ShardRecord(
            file=shard.file.path,
            split=shard.split,
            span=account.span,
            splits=writer.counts,
            rejected=rejects.tally.counts(),
        )
        files.write_document(parsed.record_file, record)

    def _read(self, shard: Shard, rejects: _Rejects, account: Account) -> Iterator[Rows]:
        for piece in shard.pieces:
            for rows in read(self.data, self.inputs, piece):
                account.add(rows.span)
                rejects.add(rows)
                rejects.check_hope(self.data.max_bad_ratio)
                yield rows

    def _divided(self, chunk: list[Rows], field: str, sample: RowSample) -> Iterator[tuple[str, pa.Table, RowKeys | None]]:
        """The rows of each split that has any: tables of encoded columns, and the keys of train rows; fills the sample."""
        table = pa.concat_tables([rows.table for rows in chunk])
        splits = np.concatenate([split_of(self.data, rows, field) for rows in chunk])
        # Keyed by the whole path: parts of different days have the same names, and their rows must not share keys.
        keys = np.concatenate([rows.keys(0, rows.path) for rows in chunk])
        names = [column.name for column in self.inputs if column.name != self.data.split.column]
        columns = list(self.pool.map(lambda name: _encoded(table[name]), names))
        sample.add(self._hashes(columns, names), splits, self.sampled)
        for split in np.unique(splits).tolist():
            mask = splits == split
            # In a shard whose rows are all of one split, nothing has to be copied.
            kept = columns if mask.all() else list(self.pool.map(lambda column, m=mask: _filtered(column, m), columns))
            yield SPLITS[split], pa.table(kept, names=names), RowKeys(keys[mask]) if split == TRAIN else None

    def _hashes(self, columns: list[pa.Array], names: list[str]) -> Hashes:
        """Hashes of whole rows: sums over groups of columns, one group a thread."""
        groups = os.cpu_count() or 1
        starts = range(min(groups, len(columns)))
        sums = self.pool.map(lambda start: row_hashes(columns[start::groups], names[start::groups]), starts)
        return np.sum(list(sums), axis=0, dtype=np.uint64)

    def _analyzed(self, table: pa.Table, keys: RowKeys | None) -> list[Partial]:
        return list(self.pool.map(lambda feature: analyze(feature, table, keys), self.features))


@dataclass
class _Rejects:
    """Rejected rows of a shard, and counts of all of its rows."""

    tally: Tally = field(default_factory=Tally)
    rows: list[RejectedRow] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        self.tally.add(rows.path, rows.table.num_rows, rows.rejected, rows.unlabelled)
        self.rows += rows.rejected

    def check_hope(self, allowed: float) -> None:
        """Ends the job where most rows are bad, rather than reject a terabyte row by row.

        Raises:
          DataError: says which rows are bad and why.
        """
        if self.tally.rows >= _HOPELESS_ROWS and self.tally.bad > max(_HOPELESS, allowed) * self.tally.rows:
            self.tally.check(allowed)

    def write(self, source: str, path: str) -> None:
        """Writes the rows of a source file to a file, if there are any."""
        if self.rows:
            with files.written(path) as target:
                pa.parquet.write_table(rejected_table(source, self.rows), pa.PythonFile(target, "w"))


class _RowsWriter:
    """Writes the rows of each split to a file, which is begun with the first of them and finished with all.

    Attributes:
      counts: rows and positives written, by split.
    """

    def __init__(self, parsed: ParsedShard, label: str) -> None:
        self.parsed, self.label = parsed, label
        self.counts: dict[str, SplitCounts] = {}
        self._open_files = ExitStack()
        self._streams: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._open_files.__exit__(*error)

    def write(self, split: str, table: pa.Table) -> None:
        if split not in self._streams:
            target = self._open_files.enter_context(files.written(self.parsed.rows_file(split)))
            # LZ4 costs hardly any time; zstd would make smaller files more slowly.
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._streams[split] = self._open_files.enter_context(pa.ipc.new_stream(target, table.schema, options=options))
        self._streams[split].write_table(table)
        before = self.counts.get(split, SplitCounts())
        positives = int(pc.sum(table[self.label]).as_py())
        self.counts[split] = SplitCounts(rows=before.rows + table.num_rows, positives=before.positives + positives)


def _chunks(rows: Iterator[Rows]) -> Iterator[list[Rows]]:
    """Joins tables to chunks of a bounded size, however large the tables of the file's format are."""
    # Large, as dictionaries and counts are made for each chunk; bounded, as a chunk is held in memory.
    chunk: list[Rows] = []
    size = count = 0
    for part in rows:
        chunk.append(part)
        size, count = size + part.table.nbytes, count + part.table.num_rows
        if size > 2 * SHARD_BYTES or count >= SHARD_ROWS:
            yield chunk
            chunk, size, count = [], 0, 0
    if chunk:
        yield chunk


def _encoded(column: pa.ChunkedArray) -> pa.Array:
    """Texts and integers as codes with a dictionary; other columns as they are."""
    coded = pa.types.is_string(column.type) or pa.types.is_integer(column.type)
    return (column.dictionary_encode() if coded else column).combine_chunks()


def _filtered(column: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    """Some rows of a column; of a dictionary, the values that these rows have."""
    if not pa.types.is_dictionary(column.type):
        return column.filter(pa.array(mask))
    # Values that only other rows have would be looked up in the graph, and written, for nothing.
    codes = column.indices.to_numpy()[mask]
    used = np.bincount(codes, minlength=len(column.dictionary)) > 0
    new_codes = (np.cumsum(used) - 1)[codes].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(new_codes), column.dictionary.filter(pa.array(used)))

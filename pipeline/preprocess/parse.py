"""The pass over the raw files: each shard becomes a compact Arrow copy of its rows, by split, and its part of the counts.

The copy (texts and integers as codes with a dictionary, LZ4) is what the second pass reads: parsing text again would cost
more. A shard's files carry the hash of all they depend on in their names, so that a shard that is there is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.config import Config
from features.document import Document
from features.errors import DataError
from features.feature import Feature
from features.inputs import Input
from features.manifest import RejectCounts
from pipeline.preprocess.analyze import Partial, RowKeys, analyze, bucketed, merge, read_partials, write_partials
from pipeline.preprocess.split import SPLITS, TRAIN, split_of
from pipeline.raw.piece import SHARD_BYTES, SHARD_ROWS, Shard
from pipeline.raw.read import Rows, read
from pipeline.raw.rejects import RejectedRow, Tally, rejected_table
from pipeline.runtime import files
from pipeline.runtime.fingerprint import fingerprint

Key = tuple[str, str, int]  # feature, split, bucket of values
_VERSION = 2  # of the copies' form
_HOPELESS = 0.5  # share of a shard's rows: what is rejected this often is not noise
_APART = {"train", "validation", "test", "max_bad_ratio", "incremental", "stable_ids"}  # what a shard does not depend on


class ShardCounts(Document):
    """`<base>.json`, which marks the files of a shard as whole: rows of each split, and all rows with those rejected."""

    rows: dict[str, int]
    tally: RejectCounts


@dataclass(frozen=True)
class Parsed:
    """The files of a parsed shard.

    Attributes:
      base: what all their names begin with.
      rows: of each split.
      tally: rows and rejects.
    """

    base: str
    rows: dict[str, int]
    tally: Tally

    @classmethod
    def load(cls, base: str) -> Parsed:
        """Reads the document that marks a shard's files as whole."""
        counts = files.read_document(ShardCounts, f"{base}.json")
        return cls(base, counts.rows, Tally.of(counts.tally))

    def save(self) -> None:
        """Inverse of `load`."""
        files.write_document(f"{self.base}.json", ShardCounts(rows=self.rows, tally=self.tally.counts()))


def read_copy(base: str, split: str) -> Iterator[pa.Table]:
    """The rows of a split of the shard whose files' names begin so.

    Raises:
      DataError: the copy is damaged, or has gone since it was counted.
    """
    path = f"{base}.{split}.arrow"
    try:
        with files.open_file(path) as source, pa.ipc.open_stream(pa.PythonFile(source, "r")) as stream:
            for batch in stream:
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowInvalid) as error:
        remedy = f"remove {path.rpartition('/')[0]} and run `winnow preprocess --force`"
        raise DataError(f"{path}: the parsed rows cannot be read: {error}; {remedy}") from None


class ParseShard(beam.DoFn):
    """Shard -> ((feature, split, bucket), Partial); writes the shard's copy first, unless an earlier run has.

    Args:
      config: the whole config.
      features: to be counted.
      inputs: columns to read.
      folder: receives the copies.
      buckets: parts into which values are hashed.
    """

    def __init__(self, config: Config, features: Sequence[Feature], inputs: Sequence[Input], folder: str, buckets: int) -> None:
        self.config, self.features, self.inputs = config, list(features), list(inputs)
        self.folder, self.buckets = folder, buckets

    def setup(self) -> None:
        """Columns are independent, and Arrow and numpy work without the interpreter's lock."""
        self.pool = ThreadPoolExecutor(os.cpu_count())

    def teardown(self) -> None:
        """Ends the threads."""
        self.pool.shutdown()

    def base(self, shard: Shard) -> str:
        """What the names of a shard's files begin with."""
        data = self.config.data.model_dump(exclude=_APART)
        parts = [feature.model_dump(exclude=set(feature.uncounted_fields)) for feature in self.features]
        return files.join(self.folder, fingerprint(_VERSION, asdict(shard), data, parts, [asdict(i) for i in self.inputs]))

    def process(self, shard: Shard) -> Iterator[tuple[Key, Partial]]:
        """Reads the shard once, for all features."""
        base = self.base(shard)
        if not files.exists(f"{base}.json"):
            self._parse(shard, base)
        by_name = {feature.name: feature for feature in self.features}
        for (name, split), partial in read_partials(files.read_bytes(f"{base}.counts")):
            for bucket, part in bucketed(by_name[name], partial, self.buckets):
                yield (name, split, bucket), part

    def _parse(self, shard: Shard, base: str) -> None:
        partials: dict[tuple[str, str], list[Partial]] = {}
        rows = dict.fromkeys(SPLITS, 0)
        tally, rejected = Tally(), list[RejectedRow]()
        with ExitStack() as stack:
            writers: dict[str, Any] = {}
            for chunk in _chunks(self._read(shard, tally, rejected)):
                for split, table, keys in self._encoded(chunk, shard):
                    if split not in writers:
                        target = stack.enter_context(files.written(f"{base}.{split}.arrow"))
                        options = pa.ipc.IpcWriteOptions(compression="lz4")
                        writers[split] = stack.enter_context(pa.ipc.new_stream(target, table.schema, options=options))
                    writers[split].write_table(table)
                    rows[split] += table.num_rows
                    for feature, partial in zip(self.features, self._counted(table, keys), strict=True):
                        partials.setdefault((feature.name, split), []).append(partial)
        with files.written(f"{base}.counts") as target:
            write_partials(target, ((name, merge(parts)) for name, parts in partials.items()))
        if rejected:
            with files.written(f"{base}.rejected") as target:
                pa.parquet.write_table(rejected_table(shard.file.path, rejected), pa.PythonFile(target, "w"))
        Parsed(base, rows, tally).save()

    def _read(self, shard: Shard, tally: Tally, rejected: list[RejectedRow]) -> Iterator[Rows]:
        for piece in shard.pieces:
            for rows in read(self.config.data, self.inputs, piece):
                tally.add(piece.path, rows.table.num_rows, rows.rejected)
                if tally.rows >= 1000 and tally.bad > max(_HOPELESS, self.config.data.max_bad_ratio) * tally.rows:
                    tally.check(self.config.data.max_bad_ratio)  # rather than reject a terabyte row by row
                rejected += rows.rejected
                yield rows

    def _encoded(self, chunk: list[Rows], shard: Shard) -> Iterator[tuple[str, pa.Table, RowKeys | None]]:
        """The rows of each split that has any: tables of encoded columns, and the keys of train rows."""
        table = pa.concat_tables([rows.table for rows in chunk])
        places = np.concatenate([split_of(self.config.data, rows, shard.split) for rows in chunk])
        keys = np.concatenate([rows.keys(0, rows.path) for rows in chunk])
        names = [column.name for column in self.inputs if column.name != self.config.data.split.column]
        columns = list(self.pool.map(lambda name: _encode(table[name]), names))
        for place in np.unique(places).tolist():
            mask = places == place
            own = columns if mask.all() else list(self.pool.map(lambda column, m=mask: _part(column, m), columns))
            yield SPLITS[place], pa.table(own, names=names), RowKeys(keys[mask]) if place == TRAIN else None

    def _counted(self, table: pa.Table, keys: RowKeys | None) -> list[Partial]:
        return list(self.pool.map(lambda feature: analyze(feature, table, keys), self.features))


def _chunks(rows: Iterator[Rows]) -> Iterator[list[Rows]]:
    """Tables together of a bounded size, whatever the file's."""
    held: list[Rows] = []
    size = count = 0
    for part in rows:
        held.append(part)
        size, count = size + part.table.nbytes, count + part.table.num_rows
        if size > 2 * SHARD_BYTES or count >= SHARD_ROWS:
            yield held
            held, size, count = [], 0, 0
    if held:
        yield held


def _encode(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    return (column.dictionary_encode() if pa.types.is_string(kind) or pa.types.is_integer(kind) else column).combine_chunks()


def _part(column: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    """Some rows of a column; a dictionary keeps the values they have."""
    if not pa.types.is_dictionary(column.type):
        return column.filter(pa.array(mask))
    codes = column.indices.to_numpy()[mask]
    used = np.bincount(codes, minlength=len(column.dictionary)) > 0
    return pa.DictionaryArray.from_arrays(
        pa.array((np.cumsum(used) - 1)[codes].astype(np.int32)), column.dictionary.filter(pa.array(used))
    )


__all__ = ["Key", "ParseShard", "Parsed", "read_copy"]

"""Partial figures: what some rows say of one feature, in a form that merges in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa

from features.document import Document
from features.feature import Feature
from pipeline.raw.hashing import hash_values

# The key of the header in the metadata of an Arrow schema: header and table stay together in one stream.
_METADATA = b"partial"


class Moments(NamedTuple):
    """Sums over some numbers, from which mean and deviation follow.

    Moments of different parts are kept apart, as a sum of sums depends on its order.
    """

    number: float
    total: float
    squares: float
    minimum: float
    maximum: float


@dataclass
class Partial:
    """Mergeable figures of one feature over some rows.

    Attributes:
      counts: columns `value` (string, int64, or int32 keys of rounded numbers), `count` (int64) and `rows` (uint64, the sum
        of the keys of the value's rows: equal where two values, of whatever features, have the same rows).
      missing: examples without a value.
      missing_rows: the sum of their keys.
      moments: of numbers, by part.
      length: of dense vectors.
    """

    counts: pa.Table
    missing: int = 0
    missing_rows: int = 0
    moments: tuple[Moments, ...] = ()
    length: int | None = None


class PartialHeader(Document):
    """What a file says of a partial beside its table of counts; fields as in `Partial`."""

    feature: str
    split: str
    missing: int
    missing_rows: int
    moments: tuple[Moments, ...]
    length: int | None


def table_of_counts(values: pa.Array, counts: Any, rows: Any) -> pa.Table:
    """The table of a partial.

    Args:
      values: each once.
      counts: [values].
      rows: [values] sums of row keys; None where there are no keys.
    """
    rows = np.zeros(len(values), np.uint64) if rows is None else rows
    return pa.table({"value": values, "count": pa.array(counts, pa.int64()), "rows": pa.array(rows, pa.uint64())})


def merge(partials: Sequence[Partial]) -> Partial:
    """The partial over the rows of all."""
    if len(partials) == 1:  # already has each value once
        return partials[0]
    counts = pa.concat_tables([partial.counts for partial in partials])
    counts = counts.group_by("value").aggregate([("count", "sum"), ("rows", "sum")])
    return Partial(
        counts.rename_columns(["value", "count", "rows"]).combine_chunks(),
        sum(partial.missing for partial in partials),
        sum(partial.missing_rows for partial in partials) % 2**64,  # as uint64 sums of keys wrap in the table
        tuple(moments for partial in partials for moments in partial.moments),
        partials[0].length,
    )


def in_buckets(feature: Feature, partial: Partial, buckets: int) -> Iterator[tuple[int, Partial]]:
    """Divides a partial by the hash of the value, so that no worker must hold all values of a very large column.

    Bucket 0 is always there, as it has what is not counted by value.
    """
    if buckets == 1 or not feature.counted_in_buckets:
        yield 0, partial
        return
    # By a hash of the value: whatever shard it comes from, a value lands in the same bucket, where its counts are added.
    bucket_of_value = hash_values(partial.counts["value"].combine_chunks()) % np.uint64(buckets)
    for bucket in np.union1d(bucket_of_value, 0).tolist():
        counts = partial.counts.filter(pa.array(bucket_of_value == bucket))  # a copy: a slice is pickled with its parent
        rest = (partial.missing, partial.missing_rows, partial.moments) if bucket == 0 else ()
        yield bucket, Partial(counts, *rest)


def write_partials(target: IO[bytes], partials: Iterable[tuple[tuple[str, str], Partial]]) -> None:
    """Writes partials by feature and split as Arrow streams, one after the other."""
    for (feature, split), partial in partials:
        header = PartialHeader(
            feature=feature,
            split=split,
            missing=partial.missing,
            missing_rows=partial.missing_rows,
            moments=partial.moments,
            length=partial.length,
        )
        schema = partial.counts.schema.with_metadata({_METADATA: header.to_json()})
        with pa.ipc.new_stream(target, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(partial.counts)


def read_partials(content: bytes, path: str) -> Iterator[tuple[tuple[str, str], Partial]]:
    """Inverse of `write_partials`.

    Args:
      content: of the file.
      path: of the file, for errors.

    Raises:
      DataError: a header is not of this version.
    """
    source = pa.BufferReader(content)
    while source.tell() < source.size():
        with pa.ipc.open_stream(source) as stream:
            header = PartialHeader.from_json(stream.schema.metadata[_METADATA], path)
            counts = stream.read_all().replace_schema_metadata()
        figures = (header.missing, header.missing_rows, header.moments, header.length)
        yield (header.feature, header.split), Partial(counts, *figures)

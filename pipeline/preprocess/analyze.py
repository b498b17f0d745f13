"""Counts and moments of each split: one pass for all features, partial results that merge in any order.

Numbers are counted after rounding to a 12-bit mantissa (relative error 2^-12), so that quantiles come from the same
mergeable table of counts as vocabularies do, and a merged result equals that of one run over all rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.codes import CROSS_SEPARATOR, Cross, Multivalued
from features.feature import Feature
from features.inputs import MISSING_INT
from features.numbers import Dense, Numeric
from pipeline.raw.hashing import hash_values

_MANTISSA_DROPPED = np.int32(12)
_NO_NUMBER = np.int32(np.iinfo(np.int32).min)  # a key that no number has
_AT_ONCE = 1 << 20
Moments = tuple[float, float, float, float, float]
Codes = npt.NDArray[np.int64]


@dataclass
class Partial:
    """Mergeable figures of one feature over some rows.

    Attributes:
      counts: columns `value` (string, int64, or int32 keys of rounded floats), `count` (int64) and `rows` (uint64, the sum
        of the keys of the value's rows: equal where two values, of whatever features, have the same rows).
      missing: examples without a value.
      missing_rows: the sum of their keys.
      moments: n, sum, sum of squares, minimum, maximum of numbers; one for each part, as a sum of sums is not exact.
      length: of dense vectors.
    """

    counts: pa.Table
    missing: int = 0
    missing_rows: int = 0
    moments: tuple[Moments, ...] = ()
    length: int | None = None


class RowKeys:
    """Keys of rows, uint64, which are summed by value.

    They are held as two floats of 24 bits each: float64 sums of fewer than 2^29 of these are exact, and numpy sums floats fast.
    """

    def __init__(self, keys: npt.NDArray[np.uint64]) -> None:
        self.low = (keys & np.uint64(0xFFFFFF)).astype(np.float64)
        self.high = (keys >> np.uint64(40)).astype(np.float64)

    def sums(self, codes: Codes, size: int, rows: Codes | slice = slice(None)) -> npt.NDArray[np.uint64]:
        """The sum of the keys of each code's rows, modulo 2^64; `rows` are the codes' own, where a row has several or none."""
        low = np.bincount(codes, self.low[rows], size).astype(np.uint64)
        return low + (np.bincount(codes, self.high[rows], size).astype(np.uint64) << np.uint64(32))


def analyze(feature: Feature, table: pa.Table, keys: RowKeys | None) -> Partial:
    """The partial of one feature over raw rows.

    Args:
      feature: any.
      table: of conformed columns, single texts and integers dictionary-encoded.
      keys: of the rows; without them the sums are 0.
    """
    if isinstance(feature, Dense):
        return _analyze_vectors(feature, table[feature.name].combine_chunks())
    if isinstance(feature, Multivalued):
        return _analyze_lists(feature, table[feature.name].combine_chunks(), keys)
    codes, values, absent = _coded(feature, table)
    counts = np.bincount(codes, minlength=len(values))
    rows = keys.sums(codes, len(values)) if keys else np.zeros(len(values), np.uint64)
    kept = counts > 0
    missing = (0, 0)
    if absent >= 0:
        missing = (int(counts[absent]), int(rows[absent]))
        kept[absent] = False
    moments = _moments(feature, table[feature.name].to_numpy()) if isinstance(feature, Numeric) else ()
    return Partial(_table(values.filter(pa.array(kept)), counts[kept], rows[kept]), *missing, moments)


def merge(parts: Sequence[Partial]) -> Partial:
    """The partial over the rows of all parts."""
    if len(parts) == 1:
        return parts[0]
    counts = pa.concat_tables([part.counts for part in parts]).group_by("value").aggregate([("count", "sum"), ("rows", "sum")])
    return Partial(
        counts.rename_columns(["value", "count", "rows"]).combine_chunks(),
        sum(part.missing for part in parts),
        sum(part.missing_rows for part in parts) % 2**64,
        tuple(moment for part in parts for moment in part.moments),
        parts[0].length,
    )


def bucketed(feature: Feature, partial: Partial, buckets: int) -> Iterator[tuple[int, Partial]]:
    """Parts of a partial by the hash of the value, so that no worker must hold all values of a very large column.

    The first of them has what is not counted by value.
    """
    if buckets == 1 or not feature.counted_in_buckets:
        yield 0, partial
        return
    place = hash_values(partial.counts["value"].combine_chunks()) % np.uint64(buckets)
    for bucket in np.union1d(place, 0).tolist():
        counts = partial.counts.filter(pa.array(place == bucket))  # a copy: a slice would be pickled with its parent
        yield bucket, Partial(counts, partial.missing, partial.missing_rows, partial.moments) if not bucket else Partial(counts)


def write_partials(target: IO[bytes], partials: Iterable[tuple[Any, Partial]]) -> None:
    """Writes (name, split) and partial as Arrow streams, one after the other."""
    for name, part in partials:
        scalars = json.dumps([name, part.missing, part.missing_rows, part.moments, part.length])
        schema = part.counts.schema.with_metadata({"partial": scalars})
        with pa.ipc.new_stream(target, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(part.counts)


def read_partials(content: bytes) -> Iterator[tuple[tuple[str, str], Partial]]:
    """Inverse of `write_partials`."""
    source = pa.BufferReader(content)
    while source.tell() < source.size():
        with pa.ipc.open_stream(source) as stream:
            name, missing, rows, moments, length = json.loads(stream.schema.metadata[b"partial"])
            table = stream.read_all().replace_schema_metadata()
        yield tuple(name), Partial(table, missing, rows, tuple(tuple(moment) for moment in moments), length)


def keyed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Floats as int32 keys in the same order, rounded down to a 12-bit mantissa."""
    bits = (values + np.float32(0)).view(np.int32) >> _MANTISSA_DROPPED  # adding 0 makes -0 and 0 one
    return np.where(bits < 0, np.int32(-(2**19)) - bits, bits).astype(np.int32)


def unkeyed(keys: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The least magnitude that has each key: inverse of `keyed`."""
    bits = np.where(keys < 0, np.int32(-(2**19)) - keys, keys).astype(np.int32)
    return (bits << _MANTISSA_DROPPED).view(np.float32)


def _coded(feature: Feature, table: pa.Table) -> tuple[Codes, pa.Array, int]:
    """For each row the place of its value, the values, and the place of the one that means missing, or -1."""
    if isinstance(feature, Cross):
        return _crossed(feature, table)
    column = table[feature.name].combine_chunks()
    if isinstance(feature, Numeric):
        values = column.to_numpy()
        encoded = pa.array(np.where(np.isnan(values), _NO_NUMBER, keyed(values))).dictionary_encode()
        return encoded.indices.to_numpy(), encoded.dictionary, _place(encoded.dictionary, int(_NO_NUMBER))
    return column.indices.to_numpy(), column.dictionary, _place(column.dictionary, _mark(column.dictionary.type))


def _crossed(feature: Cross, table: pa.Table) -> tuple[Codes, pa.Array, int]:
    """Joins the texts of the pairs (or more) that occur, not of every row."""
    codes, texts = np.zeros(table.num_rows, np.int64), pa.array([""])
    for number, name in enumerate(feature.columns):
        column = table[name].combine_chunks()
        values = pc.if_else(
            pc.equal(column.dictionary, _mark(column.dictionary.type)), None, column.dictionary.cast(pa.string())
        )
        pairs = pa.array(codes * len(values) + column.indices.to_numpy()).dictionary_encode()
        left, right = np.divmod(pairs.dictionary.to_numpy(), len(values))
        joined = [texts.take(pa.array(left)), values.take(pa.array(right))]
        texts = pc.binary_join_element_wise(*joined, CROSS_SEPARATOR) if number else joined[1]
        codes = pairs.indices.to_numpy().astype(np.int64)
    return _merged(codes, texts.fill_null(""))


def _merged(codes: Codes, texts: pa.Array) -> tuple[Codes, pa.Array, int]:
    encoded = texts.dictionary_encode()  # several pairs have become the empty text
    return encoded.indices.to_numpy()[codes], encoded.dictionary, _place(encoded.dictionary, "")


def _analyze_vectors(feature: Dense, column: pa.Array) -> Partial:
    values = column.flatten().to_numpy()
    missing = int(np.isnan(values.reshape(len(column), -1)).all(axis=1).sum())
    none = _table(pa.array([], pa.int32()), np.array([]), None)
    steps = range(0, len(values), _AT_ONCE)  # their float64 copy is twice as large
    moments = tuple(own for start in steps for own in _moments(feature, values[start : start + _AT_ONCE]))
    return Partial(none, missing, moments=moments, length=column.type.list_size)


def _analyze_lists(feature: Multivalued, column: pa.Array, keys: RowKeys | None) -> Partial:
    """Counts elements. A row belongs to each of its elements, but lists that have weights too are not told by elements."""
    if pa.types.is_dictionary(column.type):
        split = pc.list_slice(pc.split_pattern(column.dictionary, feature.separator), 0, feature.max_length)
        column = split.take(column.indices)
    values = column.flatten()
    kept = pc.not_equal(values, _mark(values.type))
    row = pc.list_parent_indices(column) if not pa.types.is_fixed_size_list(column.type) else None
    owner = row.to_numpy() if row is not None else np.repeat(np.arange(len(column)), column.type.list_size)
    owner = owner[kept.to_numpy(zero_copy_only=False)]
    encoded = values.filter(kept).dictionary_encode()
    codes, size = encoded.indices.to_numpy(), len(encoded.dictionary)
    missing = np.bincount(owner, minlength=len(column)) == 0
    told = keys if not feature.weights else None
    rows = told.sums(codes, size, owner) if told else None
    missing_rows = int(told.sums(missing.astype(np.int64), 2)[1]) if told else 0
    return Partial(_table(encoded.dictionary, np.bincount(codes, minlength=size), rows), int(missing.sum()), missing_rows)


def _moments(feature: Feature, column: npt.NDArray[np.float32]) -> tuple[Moments, ...]:
    x = column[~np.isnan(column)].astype(np.float64)
    if not len(x):
        return ()
    if isinstance(feature, Numeric) and feature.encoding == "value":
        x = feature.conditioned(x, np)
    return ((float(len(x)), float(x.sum()), float(x @ x), float(x.min()), float(x.max())),)


def _table(values: pa.Array, counts: Any, rows: Any) -> pa.Table:
    rows = np.zeros(len(values), np.uint64) if rows is None else rows
    return pa.table({"value": values, "count": pa.array(counts, pa.int64()), "rows": pa.array(rows, pa.uint64())})


def _mark(kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(MISSING_INT if pa.types.is_integer(kind) else "", kind)


def _place(values: pa.Array, mark: Any) -> int:
    return int(pc.index(values, mark).as_py())


__all__ = ["Partial", "RowKeys", "analyze", "bucketed", "keyed", "merge", "read_partials", "unkeyed", "write_partials"]

"""From merged counts to vocabularies and statistics: by bucket of values first, then by feature."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.codes import Coded
from features.feature import Feature
from features.numbers import Numeric
from features.statistics import Statistics
from pipeline.preprocess.partial import Moments, Partial
from pipeline.preprocess.rounding import rounded_values
from pipeline.raw.hashing import mix

TOP = 10  # most frequent values that statistics list, for a person to recognise a column by
# The order of TFT's vocabularies, also of equal counts: over 1M rows all files were equal to those of its own analyzers.
_BY_COUNT = [("count", "descending"), ("value", "descending")]
# The order in which a person reads.
_BY_COUNT_THEN_NAME = [("count", "descending"), ("value", "ascending")]


@dataclass(frozen=True)
class Summary:
    """What is kept of one bucket of a feature's values, once all its partials are merged.

    Attributes:
      count, distinct, missing, moments, length: see `Partial`.
      partition: of the rows by value; equal for two features that tell the same rows apart. 0 where unknown.
      top: the most frequent, columns `value` (string) and `count`.
      tokens: candidates for the vocabulary, columns `value` (binary) and `count`, in its order.
      boundaries: of bucketised numbers.
    """

    count: int
    distinct: int
    missing: int
    partition: int
    moments: tuple[Moments, ...]
    length: int | None
    top: pa.Table
    tokens: pa.Table
    boundaries: tuple[float, ...]


def summarise(feature: Feature, partial: Partial) -> Summary:
    """The summary of one bucket."""
    counts = partial.counts
    return Summary(
        count=int(pc.sum(counts["count"]).as_py() or 0),
        distinct=counts.num_rows,
        missing=partial.missing,
        partition=_partition(partial),
        moments=partial.moments,
        length=partial.length,
        top=_most_frequent(feature, counts),
        tokens=_tokens(feature, counts),
        boundaries=_boundaries(feature, counts),
    )


def finish(feature: Feature, summaries: Iterable[Summary], known: Sequence[str] = ()) -> tuple[Statistics, list[str]]:
    """The statistics of a feature, and its vocabulary by falling count, then falling token.

    Args:
      feature: any.
      summaries: of all buckets of its values.
      known: tokens that keep their places at the start of the vocabulary.
    """
    buckets = list(summaries)
    vocabulary = _vocabulary(feature, [bucket.tokens for bucket in buckets], known)
    moments = _over_all([moments for bucket in buckets for moments in bucket.moments])
    partition = sum(bucket.partition for bucket in buckets) % 2**64
    statistics = Statistics(
        name=feature.name,
        count=sum(bucket.count for bucket in buckets) if feature.counted_by_value else int(moments.number if moments else 0),
        missing=sum(bucket.missing for bucket in buckets),
        distinct=sum(bucket.distinct for bucket in buckets),
        top=_join_most_frequent([bucket.top for bucket in buckets]),
        mean=_mean(moments) if moments else None,
        std=_deviation(moments) if moments else None,
        minimum=moments.minimum if moments else None,
        maximum=moments.maximum if moments else None,
        boundaries=list(buckets[0].boundaries),
        vocabulary_size=len(vocabulary),
        length=next((bucket.length for bucket in buckets if bucket.length), None),
        categorical=feature.one_id_a_row,
        partition=f"{partition:016x}" if partition else None,
    )
    return statistics, vocabulary


def _most_frequent(feature: Feature, counts: pa.Table) -> pa.Table:
    """The `TOP` most frequent values as texts."""
    top = counts.take(pc.sort_indices(counts, _BY_COUNT_THEN_NAME)[:TOP])
    values = top["value"].to_numpy()
    values = rounded_values(values) if isinstance(feature, Numeric) else values
    return pa.table({"value": pa.array([str(value) for value in values], pa.string()), "count": top["count"]})


def _join_most_frequent(tables: Sequence[pa.Table]) -> list[tuple[str, int]]:
    table = pa.concat_tables(tables)
    table = table.sort_by(_BY_COUNT_THEN_NAME) if len(tables) > 1 else table
    return [(row["value"], row["count"]) for row in table.slice(0, TOP).to_pylist()]


def _partition(partial: Partial) -> int:
    """A hash of the sets of rows that have one value each, in whatever order; the rows without a value are one set."""
    sums = partial.counts["rows"].to_numpy()
    if not sums.any():
        return 0
    sums = np.append(sums, np.uint64(partial.missing_rows)) if partial.missing else sums
    return int(mix(sums).sum(dtype=np.uint64))


def _vocabulary(feature: Feature, tables: Sequence[pa.Table], known: Sequence[str]) -> list[str]:
    table = pa.concat_tables(tables)
    table = table.sort_by(_BY_COUNT) if len(tables) > 1 else table
    tokens = table["value"].cast(pa.string())
    if known:
        tokens = tokens.filter(pc.invert(pc.is_in(tokens, pa.array(known, pa.string()))))
    # Known tokens count towards the limit, or the table would grow with every day.
    room = None if feature.size_limit is None else max(feature.size_limit - len(known), 0)
    return [*known, *tokens.slice(0, room).to_pylist()]


def _tokens(feature: Feature, counts: pa.Table) -> pa.Table:
    """Values that are frequent enough for a vocabulary, as bytes, by falling count."""
    if not isinstance(feature, Coded) or not feature.has_vocabulary:
        return pa.table({"value": pa.array([], pa.binary()), "count": pa.array([], pa.int64())})
    frequent = counts.select(["value", "count"]).filter(pc.greater_equal(counts["count"], feature.min_count))
    text = frequent["value"].cast(pa.string())
    tokens = frequent.set_column(0, "value", text.cast(pa.binary()))
    tokens = tokens.filter(pc.invert(pc.match_substring_regex(text, "[\n\r]")))  # a vocabulary file holds one token a line
    return tokens.sort_by(_BY_COUNT).slice(0, feature.size_limit).combine_chunks()


def _over_all(parts: Sequence[Moments]) -> Moments | None:
    """Moments over all parts; exact sums, so that the order of the parts does not matter."""
    if not parts:
        return None
    # Beam merges parts in any order, and a sum of floats depends on it: `fsum` rounds once, at the end.
    number, total, squares, minimum, maximum = zip(*parts, strict=True)
    return Moments(math.fsum(number), math.fsum(total), math.fsum(squares), min(minimum), max(maximum))


def _mean(moments: Moments) -> float:
    return moments.total / moments.number


def _deviation(moments: Moments) -> float:
    """The standard deviation; rounding may make the difference of squares slightly negative."""
    mean = _mean(moments)
    return math.sqrt(max(moments.squares / moments.number - mean * mean, 0.0))


def _boundaries(feature: Feature, counts: pa.Table) -> tuple[float, ...]:
    """Inner quantiles: a bucket ends below the first value whose cumulated count passes the quantile."""
    if not isinstance(feature, Numeric) or not feature.has_boundaries or not counts.num_rows:
        return ()
    counts = counts.sort_by("value")
    values: npt.NDArray[np.float32] = rounded_values(counts["value"].to_numpy())
    cumulated = np.cumsum(counts["count"].to_numpy())
    quantiles = cumulated[-1] * np.arange(1, feature.buckets) / feature.buckets
    edges = values[np.unique(np.searchsorted(cumulated, quantiles))]
    return tuple(float(edge) for edge in edges if edge > values[0])

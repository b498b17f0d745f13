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
from pipeline.preprocess.analyze import Moments, Partial, unkeyed
from pipeline.raw.hashing import mix

TOP = 10
_BY_COUNT = [("count", "descending"), ("value", "descending")]  # TFT's order


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
    order = pc.sort_indices(counts, [("count", "descending"), ("value", "ascending")])[:TOP]
    return Summary(
        count=int(pc.sum(counts["count"]).as_py() or 0),
        distinct=counts.num_rows,
        missing=partial.missing,
        partition=_partition(partial),
        moments=partial.moments,
        length=partial.length,
        top=_shown(feature, counts.take(order)),
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
    parts = list(summaries)
    vocabulary = _vocabulary(feature, [part.tokens for part in parts], known)
    n, mean, std, low, high = _moments([moment for part in parts for moment in part.moments])
    partition = sum(part.partition for part in parts) % 2**64
    statistics = Statistics(
        name=feature.name,
        count=sum(part.count for part in parts) if feature.counted_by_value else int(n),
        missing=sum(part.missing for part in parts),
        distinct=sum(part.distinct for part in parts),
        top=_top([part.top for part in parts]),
        mean=mean if n else None,
        std=std if n else None,
        minimum=low if n else None,
        maximum=high if n else None,
        boundaries=list(parts[0].boundaries),
        vocabulary_size=len(vocabulary),
        length=next((part.length for part in parts if part.length), None),
        categorical=feature.one_id_a_row,
        partition=f"{partition:016x}" if partition else None,
    )
    return statistics, vocabulary


def _top(tables: Sequence[pa.Table]) -> list[tuple[str, int]]:
    table = pa.concat_tables(tables)
    table = table.sort_by([("count", "descending"), ("value", "ascending")]) if len(tables) > 1 else table
    return [(row["value"], row["count"]) for row in table.slice(0, TOP).to_pylist()]


def _partition(partial: Partial) -> int:
    rows = partial.counts["rows"].to_numpy()
    if not rows.any():
        return 0
    rows = np.append(rows, np.uint64(partial.missing_rows)) if partial.missing else rows
    return int(mix(rows).sum(dtype=np.uint64))


def _vocabulary(feature: Feature, tables: Sequence[pa.Table], known: Sequence[str]) -> list[str]:
    table = pa.concat_tables(tables)
    table = table.sort_by(_BY_COUNT) if len(tables) > 1 else table
    found = table["value"].cast(pa.string())
    if known:
        found = found.filter(pc.invert(pc.is_in(found, pa.array(known, pa.string()))))
    room = None if feature.size_limit is None else max(feature.size_limit - len(known), 0)
    return [*known, *found.slice(0, room).to_pylist()]


def _tokens(feature: Feature, counts: pa.Table) -> pa.Table:
    if not isinstance(feature, Coded) or not feature.has_vocabulary:
        return pa.table({"value": pa.array([], pa.binary()), "count": pa.array([], pa.int64())})
    kept = counts.select(["value", "count"]).filter(pc.greater_equal(counts["count"], feature.min_count))
    text = kept["value"].cast(pa.string())
    kept = kept.set_column(0, "value", text.cast(pa.binary()))
    kept = kept.filter(pc.invert(pc.match_substring_regex(text, "[\n\r]")))  # a vocabulary file holds one token a line
    return kept.sort_by(_BY_COUNT).slice(0, feature.max_size).combine_chunks()


def _shown(feature: Feature, top: pa.Table) -> pa.Table:
    values = top["value"].to_numpy()
    values = unkeyed(values) if isinstance(feature, Numeric) else values
    return pa.table({"value": pa.array([str(value) for value in values], pa.string()), "count": top["count"]})


def _moments(parts: Sequence[Moments]) -> tuple[float, float, float, float, float]:
    """n, mean, standard deviation, least and greatest; exact sums, so that the order of the parts does not matter."""
    if not parts:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    n, total, squares, low, high = zip(*parts, strict=True)
    count = math.fsum(n)
    mean = math.fsum(total) / count
    return count, mean, math.sqrt(max(math.fsum(squares) / count - mean * mean, 0.0)), min(low), max(high)


def _boundaries(feature: Feature, counts: pa.Table) -> tuple[float, ...]:
    """Inner quantiles: a bucket ends below the first value whose cumulated count passes the quantile."""
    if not isinstance(feature, Numeric) or not feature.has_boundaries or not counts.num_rows:
        return ()
    counts = counts.sort_by("value")
    values: npt.NDArray[np.float32] = unkeyed(counts["value"].to_numpy())
    upto = np.cumsum(counts["count"].to_numpy())
    places = np.searchsorted(upto, upto[-1] * np.arange(1, feature.buckets) / feature.buckets)
    return tuple(float(edge) for edge in values[np.unique(places)] if edge > values[0])

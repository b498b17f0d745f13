"""Counts and moments of the train split: one pass for all features, partial results that merge in any order.

Numbers are counted after rounding to a 12-bit mantissa (relative error 2^-12), so that quantiles come from the same
mergeable table of counts as vocabularies do, and a merged result equals that of one run over all rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.config import Config, Feature
from features.inputs import MISSING_INT, Input
from features.statistics import Statistics
from pipeline import files
from pipeline.ingest import Rows, Shard, read
from pipeline.split import split_rows

_MANTISSA_DROPPED = np.int32(12)
_COMPACT_ROWS = 1 << 20
TOP = 10


@dataclass
class Partial:
    """Mergeable figures of one feature over some rows.

    Attributes:
      counts: columns `value` (string, int64, or int32 keys of rounded floats) and `count` (int64); values may repeat.
      missing: examples without a value.
      moments: n, sum, sum of squares, minimum, maximum of numbers, float64.
      length: of dense vectors.
    """

    counts: pa.Table
    missing: int = 0
    moments: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, math.inf, -math.inf)
    length: int | None = None


class AnalyzeShard(beam.DoFn):
    """Shard -> (feature name, Partial) over the shard's train rows, and the label's own under its column's name."""

    def __init__(self, config: Config, features: Sequence[Feature], inputs: Sequence[Input]) -> None:
        self.config, self.features, self.inputs = config, list(features), list(inputs)

    def process(self, shard: Shard) -> Iterator[tuple[str, Partial]]:
        """Reads the shard once, for all features."""
        partials: dict[str, list[Partial]] = {feature.name: [] for feature in self.features}
        for piece in shard.pieces:
            for rows in read(self.config.data, self.inputs, piece):
                train = self._train_rows(rows, shard)
                for feature in self.features:
                    partials[feature.name].append(analyze_column(feature, train))
        for name, parts in partials.items():
            if parts:
                yield name, merge(parts)

    def _train_rows(self, rows: Rows, shard: Shard) -> pa.Table:
        parts = split_rows(self.config.data, rows, shard.split)
        return parts.get("train", rows.table.slice(0, 0))


class MergePartials(beam.CombineFn):
    """Merges the partials of one feature; accumulators are lists, compacted as they grow."""

    def create_accumulator(self) -> list[Partial]:
        """Nothing yet."""
        return []

    def add_input(self, accumulator: list[Partial], partial: Partial) -> list[Partial]:
        """Adds one shard's partial."""
        accumulator.append(partial)
        if sum(part.counts.num_rows for part in accumulator) > _COMPACT_ROWS:
            return [merge(accumulator)]
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[Partial]]) -> list[Partial]:
        """Joins and compacts."""
        return [merge(parts)] if (parts := [part for parts in accumulators for part in parts]) else []

    def extract_output(self, accumulator: list[Partial]) -> Partial:
        """One partial with each value once."""
        return merge(accumulator)


class FinishFeature(beam.DoFn):
    """(feature name, merged Partial) -> writes `<name>.txt` (vocabulary) and `<name>.json` (statistics)."""

    def __init__(self, features: Sequence[Feature], vocabularies: str, statistics: str) -> None:
        self.features = {feature.name: feature for feature in features}
        self.vocabularies, self.statistics = vocabularies, statistics

    def process(self, element: tuple[str, Partial]) -> Iterator[str]:
        """Yields the feature's name once its files are there."""
        name, partial = element
        feature = self.features[name]
        vocabulary = vocabulary_of(feature, partial)
        if vocabulary is not None:
            text = "".join(f"{token}\n" for token in vocabulary.to_pylist())
            files.write_bytes(files.join(self.vocabularies, f"{name}.txt"), text.encode())
        found = summarise(feature, partial, len(vocabulary) if vocabulary is not None else 0)
        files.write_json(files.join(self.statistics, f"{name}.json"), found.to_dict())
        yield name


def analyze_column(feature: Feature, table: pa.Table) -> Partial:
    """The partial of one feature over a table of raw rows (see `ingest.read`)."""
    if feature.kind == "dense":
        column = table[feature.name].combine_chunks()
        return Partial(_counts(pa.array([], pa.int32())), 0, length=column.type.list_size)
    if feature.kind == "numeric":
        return _analyze_numbers(feature, table[feature.name].to_numpy())
    values, missing = _tokens(feature, table)
    return Partial(_counts(values), missing)


def merge(parts: Sequence[Partial]) -> Partial:
    """The partial over the rows of all parts."""
    counts = pa.concat_tables([part.counts for part in parts])
    if len(parts) > 1:
        counts = counts.group_by("value").aggregate([("count", "sum")]).rename_columns(["value", "count"])
    moments = list(zip(*(part.moments for part in parts), strict=True))
    merged = (math.fsum(moments[0]), math.fsum(moments[1]), math.fsum(moments[2]), min(moments[3]), max(moments[4]))
    return Partial(counts, sum(part.missing for part in parts), merged, parts[0].length)


def vocabulary_of(feature: Feature, partial: Partial) -> pa.Array | None:
    """Tokens by falling count, then falling token (TFT's order), cut by min_count and max_size; None without one."""
    if not feature.has_vocabulary:
        return None
    kept = partial.counts.filter(pc.greater_equal(partial.counts["count"], feature.min_count))
    kept = pa.table({"value": kept["value"].cast(pa.binary() if _is_text(kept) else pa.string()), "count": kept["count"]})
    if not _is_text(kept):
        kept = kept.set_column(0, "value", kept["value"].cast(pa.binary()))
    order = pc.sort_indices(kept, [("count", "descending"), ("value", "descending")])
    tokens = kept["value"].take(order).combine_chunks().cast(pa.string())
    usable = pc.invert(pc.match_substring_regex(tokens, "[\n\r]"))  # a vocabulary file holds one token a line
    return tokens.filter(usable).slice(0, feature.max_size)


def summarise(feature: Feature, partial: Partial, vocabulary_size: int) -> Statistics:
    """The statistics of a feature from its merged partial."""
    counts = partial.counts
    order = pc.sort_indices(counts, [("count", "descending"), ("value", "ascending")])[:TOP]
    top = counts.take(order)
    values = top["value"].to_numpy(zero_copy_only=False)
    shown = unkeyed(values) if feature.kind == "numeric" else values
    n, total, squares, low, high = partial.moments
    number = feature.kind == "numeric" and n > 0
    mean = total / n if number else None
    variance = max(squares / n - mean * mean, 0.0) if mean is not None else None
    return Statistics(
        name=feature.name,
        count=int(pc.sum(counts["count"]).as_py() or 0),
        missing=partial.missing,
        distinct=counts.num_rows,
        top=[(str(value), int(count)) for value, count in zip(shown, top["count"].to_pylist(), strict=True)],
        mean=mean,
        std=math.sqrt(variance) if variance is not None else None,
        minimum=low if number else None,
        maximum=high if number else None,
        boundaries=_boundaries(feature, counts) if feature.kind == "numeric" and feature.encoding == "buckets" else [],
        vocabulary_size=vocabulary_size,
        length=partial.length,
    )


def keyed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Floats as int32 keys in the same order, rounded down to a 12-bit mantissa."""
    bits = (values + np.float32(0)).view(np.int32) >> _MANTISSA_DROPPED  # adding 0 makes -0 and 0 one
    return np.where(bits < 0, np.int32(-(2**19)) - bits, bits).astype(np.int32)


def unkeyed(keys: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The least magnitude that has each key: inverse of `keyed`."""
    bits = np.where(keys < 0, np.int32(-(2**19)) - keys, keys).astype(np.int32)
    return (bits << _MANTISSA_DROPPED).view(np.float32)


def _analyze_numbers(feature: Feature, column: npt.NDArray[np.float32]) -> Partial:
    values = column[~np.isnan(column)]
    counts = _counts(pa.array(keyed(values)))
    missing = len(column) - len(values)
    if not len(values):
        return Partial(counts, missing)
    x = values.astype(np.float64)
    if feature.encoding == "value":
        x = np.clip(x, *feature.clip) if feature.clip else x
        x = np.log1p(np.maximum(x, 0.0)) if feature.log1p else x
    return Partial(counts, missing, (float(len(x)), float(x.sum()), float(x @ x), float(x.min()), float(x.max())))


def _tokens(feature: Feature, table: pa.Table) -> tuple[pa.Array, int]:
    if feature.kind == "cross":
        text = [table[column].cast(pa.string()) for column in feature.columns]
        column = pc.binary_join_element_wise(*text, "\x1f")
        return column.combine_chunks(), 0
    column = table[feature.name].combine_chunks()
    rows = len(column)
    if feature.separator:
        column = pc.split_pattern(column, feature.separator)
        column = pc.list_slice(column, 0, feature.max_length)
    if pa.types.is_fixed_size_list(column.type) or pa.types.is_list(column.type):
        empty = pa.scalar("" if pa.types.is_string(column.type.value_type) else MISSING_INT, column.type.value_type)
        first = pc.list_element(column.filter(pc.greater(pc.list_value_length(column), 0)), 0)
        present = int(pc.sum(pc.not_equal(first, empty)).as_py() or 0)
        values = column.flatten()
        return values.filter(pc.not_equal(values, empty)), rows - present
    empty = pa.scalar("" if pa.types.is_string(column.type) else MISSING_INT, column.type)
    values = column.filter(pc.not_equal(column, empty))
    return values, rows - len(values)


def _counts(values: pa.Array) -> pa.Table:
    counted = values.value_counts()
    return pa.table({"value": counted.field("values"), "count": counted.field("counts")})


def _boundaries(feature: Feature, counts: pa.Table) -> list[float]:
    """Inner quantiles: a bucket ends below the first value whose cumulated count passes the quantile."""
    if not counts.num_rows:
        return []
    counts = counts.sort_by("value")
    upto = np.cumsum(counts["count"].to_numpy())
    places = np.searchsorted(upto, upto[-1] * np.arange(1, feature.buckets) / feature.buckets)
    edges = unkeyed(counts["value"].to_numpy()[np.unique(places)])
    lowest = unkeyed(counts["value"].to_numpy()[:1])
    return [float(edge) for edge in edges if edge > lowest[0]]


def _is_text(counts: pa.Table) -> bool:
    kind = counts["value"].type
    return pa.types.is_string(kind) or pa.types.is_binary(kind)

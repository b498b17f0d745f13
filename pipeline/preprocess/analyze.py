"""Counts and moments of one feature over some rows: one function for each kind of feature."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.codes import CROSS_SEPARATOR, Categorical, Cross, Multivalued
from features.feature import Feature
from features.inputs import MISSING_INT
from features.numbers import Dense, Numeric
from pipeline.preprocess.partial import Moments, Partial, table_of_counts
from pipeline.preprocess.rounding import NO_NUMBER, rounded_keys
from pipeline.preprocess.row_keys import Codes, RowKeys

# Vectors hold many numbers a row, and moments need them as float64, in which sums of millions of float32 are exact enough. This
# many at once take 8 MB, whatever the length of the vectors.
_MOMENTS_AT_ONCE = 1 << 20


class CodedColumn(NamedTuple):
    """A column with each of its values once.

    Attributes:
      codes: [rows] the index in `values` of each row's value.
      values: the different values.
      missing: the code of the value that means missing; -1 where none does.
    """

    codes: Codes
    values: pa.Array
    missing: int


def analyze(feature: Feature, table: pa.Table, keys: RowKeys | None) -> Partial:
    """The figures of one feature over raw rows.

    Args:
      feature: of any kind.
      table: of conformed columns, single texts and integers dictionary-encoded.
      keys: of the rows; without them the sums of keys are 0.
    """
    match feature:
        case Numeric():
            return _count_numbers(feature, table[feature.name].combine_chunks(), keys)
        case Dense():
            return _measure_vectors(table[feature.name].combine_chunks())
        case Cross():
            return _count(_join(feature, table), keys)
        case Multivalued():
            return _count_elements(feature, table[feature.name].combine_chunks(), keys)
        case Categorical():
            column = table[feature.name].combine_chunks()
            return _count(_coded(column.indices.to_numpy(), column.dictionary), keys)
        case _:
            raise NotImplementedError(f"kind {feature.kind} is not counted")


def _count(column: CodedColumn, keys: RowKeys | None, moments: tuple[Moments, ...] = ()) -> Partial:
    """Rows of each value, those of the missing value apart."""
    codes, values, missing = column
    # Counting codes takes one pass over integers; Arrow's `value_counts` would hash every text again.
    counts = np.bincount(codes, minlength=len(values))
    rows = keys.sums(codes, len(values)) if keys else np.zeros(len(values), np.uint64)
    known = counts > 0
    if missing < 0:
        return Partial(table_of_counts(values.filter(pa.array(known)), counts[known], rows[known]), moments=moments)
    known[missing] = False
    table = table_of_counts(values.filter(pa.array(known)), counts[known], rows[known])
    return Partial(table, int(counts[missing]), int(rows[missing]), moments)


def _count_numbers(feature: Numeric, column: pa.Array, keys: RowKeys | None) -> Partial:
    """Counts of rounded numbers, and moments of the numbers that the graph standardises."""
    numbers = column.to_numpy()
    encoded = pa.array(rounded_keys(numbers)).dictionary_encode()
    missing = _index_of(encoded.dictionary, int(NO_NUMBER))
    known = numbers[~np.isnan(numbers)].astype(np.float64)  # moments are of the numbers before they are rounded
    if feature.encoding == "value":
        known = feature.conditioned(known, np)
    return _count(CodedColumn(encoded.indices.to_numpy(), encoded.dictionary, missing), keys, _moments(known))


def _measure_vectors(column: pa.Array) -> Partial:
    """Moments of all elements; vectors are not counted by value."""
    elements = column.flatten().to_numpy()
    missing = int(np.isnan(elements.reshape(len(column), -1)).all(axis=1).sum())
    starts = range(0, len(elements), _MOMENTS_AT_ONCE)
    stretches = (elements[start : start + _MOMENTS_AT_ONCE] for start in starts)
    moments = tuple(each for stretch in stretches for each in _moments(stretch[~np.isnan(stretch)].astype(np.float64)))
    empty = table_of_counts(pa.array([], pa.int32()), np.array([]), None)
    return Partial(empty, missing, moments=moments, length=column.type.list_size)


def _count_elements(feature: Multivalued, column: pa.Array, keys: RowKeys | None) -> Partial:
    """Counts elements. A row belongs to each of its elements; lists with weights are not told apart by elements alone."""
    if pa.types.is_dictionary(column.type):
        lists = pc.list_slice(pc.split_pattern(column.dictionary, feature.separator), 0, feature.max_length)
        column = lists.take(column.indices)
    elements = column.flatten()
    # Padding at the end of a list is the missing mark too, and is not counted either.
    known = pc.not_equal(elements, _missing_mark(elements.type))
    row_of_element = _rows_of_elements(column)[known.to_numpy(zero_copy_only=False)]
    encoded = elements.filter(known).dictionary_encode()
    codes, size = encoded.indices.to_numpy(), len(encoded.dictionary)
    missing = np.bincount(row_of_element, minlength=len(column)) == 0
    # Two lists of the same elements are no duplicates where their weights may differ.
    used_keys = keys if not feature.weights else None
    rows = used_keys.sums(codes, size, row_of_element) if used_keys else None
    missing_rows = int(used_keys.sums(missing.astype(np.int64), 2)[1]) if used_keys else 0
    counts = table_of_counts(encoded.dictionary, np.bincount(codes, minlength=size), rows)
    return Partial(counts, int(missing.sum()), missing_rows)


def _rows_of_elements(column: pa.Array) -> Codes:
    """The row of each element of a column of lists."""
    if pa.types.is_fixed_size_list(column.type):
        return np.repeat(np.arange(len(column)), column.type.list_size)
    return np.asarray(pc.list_parent_indices(column).to_numpy())


def _join(feature: Cross, table: pa.Table) -> CodedColumn:
    """The joint values of a cross: texts are joined once for each pair of values that occurs, not for each row."""
    codes, texts = np.zeros(table.num_rows, np.int64), pa.array([""])
    for number, name in enumerate(feature.columns):
        column = table[name].combine_chunks()
        is_missing = pc.equal(column.dictionary, _missing_mark(column.dictionary.type))
        values = pc.if_else(is_missing, None, column.dictionary.cast(pa.string()))
        # A pair of codes as one number, so that Arrow finds the pairs that occur by hashing integers.
        pairs = pa.array(codes * len(values) + column.indices.to_numpy()).dictionary_encode()
        left, right = np.divmod(pairs.dictionary.to_numpy(), len(values))
        joined = [texts.take(pa.array(left)), values.take(pa.array(right))]
        texts = pc.binary_join_element_wise(*joined, CROSS_SEPARATOR) if number else joined[1]
        codes = pairs.indices.to_numpy().astype(np.int64)
    encoded = texts.fill_null("").dictionary_encode()  # all pairs with a missing value have become the empty text
    return _coded(encoded.indices.to_numpy()[codes], encoded.dictionary)


def _moments(numbers: npt.NDArray[np.float64]) -> tuple[Moments, ...]:
    """The moments of numbers of which none is missing; empty where there are no numbers."""
    if not len(numbers):
        return ()
    n, total, squares = float(len(numbers)), float(numbers.sum()), float(numbers @ numbers)
    return (Moments(n, total, squares, float(numbers.min()), float(numbers.max())),)


def _coded(codes: Codes, values: pa.Array) -> CodedColumn:
    return CodedColumn(codes, values, _index_of(values, _missing_mark(values.type)))


def _missing_mark(values: pa.DataType) -> pa.Scalar:
    return pa.scalar(MISSING_INT if pa.types.is_integer(values) else "", values)


def _index_of(values: pa.Array, value: object) -> int:
    """The index of a value among others; -1 where it is not among them."""
    return int(pc.index(values, value).as_py())

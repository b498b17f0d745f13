"""Raw columns in the type their input declares, with missing marks for nulls, and the rows where that fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.inputs import Input
from pipeline.raw.rejects import Mask, bad_values

Faults = list[tuple[Mask, str]]  # which rows, and why


def conform(
    column: pa.ChunkedArray, declared: Input, missing: Sequence[str], bad_text: str = "invalid UTF-8"
) -> tuple[pa.Array, Faults]:
    """Gives a column its declared type.

    Args:
      column: as read.
      declared: the type to give it; lists are padded or cut to its length.
      missing: texts that mean "no value".
      bad_text: why a text that is not UTF-8 is rejected.

    Returns:
      The array (the missing mark where a value does not fit), and masks [rows] of what does not, each with a reason.
    """
    array = _one_array(column)
    if declared.separator and not _is_list(array):
        array = pc.split_pattern(_text(array, declared, bad_text)[0], declared.separator)
    if declared.length is not None and not _is_list(array):  # one value, where lists may come
        array = pa.ListArray.from_arrays(pa.array(np.arange(len(array) + 1), pa.int32()), array)
    if declared.length is not None:
        return _lists(array, declared, missing, bad_text)
    if _is_list(array):
        return _single(array, declared, missing, bad_text)
    return _values(array, declared, missing, bad_text)


def as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """A column in the type that its format names for it, which differs where all values come as lists or as bytes.

    Raises:
      ArrowInvalid: a value does not fit the type.
    """
    array = _one_array(column)
    if _is_list(array) and not _is_list_type(kind):
        array, _ = _first_of_lists(array)
    return array.cast(kind) if array.type != kind else array


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _values(array: pa.Array, declared: Input, missing: Sequence[str], bad_text: str) -> tuple[pa.Array, Faults]:
    kind = pa.type_for_alias({"float32": "float", "int64": "int64", "string": "string"}[declared.dtype])
    if declared.dtype == "string":
        array, faults = _text(array, declared, bad_text)
        if missing:
            array = pc.if_else(pc.is_in(array, pa.array(missing, kind)), None, array)
    else:
        array, faults = _numbers(array, declared, kind, missing, bad_text)
    return array.fill_null(pa.scalar(declared.missing, kind)) if array.null_count else array, faults


def _text(array: pa.Array, declared: Input, bad_text: str) -> tuple[pa.Array, Faults]:
    if pa.types.is_string(array.type):
        array = array.cast(pa.binary())  # Parquet's texts are not validated yet
    return _cast(array, pa.string(), f"column {declared.name!r}: {bad_text}")


def _numbers(
    array: pa.Array, declared: Input, kind: pa.DataType, missing: Sequence[str], bad_text: str
) -> tuple[pa.Array, Faults]:
    reason = f"column {declared.name!r}: not a number"
    faults: Faults = []
    if pa.types.is_binary(array.type) or pa.types.is_string(array.type):
        array, faults = _text(array, declared, bad_text)
        array = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.is_in(array, pa.array(["", *missing])), None, array)
    elif declared.dtype == "int64":
        reason = f"column {declared.name!r}: not a whole number of 64 bits"
        array = pc.if_else(pc.is_nan(array), None, array) if pa.types.is_floating(array.type) else array
    array, more = _cast(array, kind, reason, safe=declared.dtype == "int64")
    faults += more
    if declared.dtype == "float32":
        endless = np.isinf(array.to_numpy(zero_copy_only=False))
        if endless.any():
            faults.append((endless, f"column {declared.name!r}: not a finite number of 32 bits"))
    return array, faults


def _cast(array: pa.Array, kind: pa.DataType, reason: str, safe: bool = True) -> tuple[pa.Array, Faults]:
    if array.type == kind:
        return array, []
    try:
        return array.cast(kind, safe=safe), []
    except pa.ArrowInvalid:
        mask = bad_values(array, lambda part: part.cast(kind, safe=safe))
        kept = pc.if_else(pa.array(mask), pa.scalar(None, array.type), array)
        return kept.cast(kind, safe=safe), [(mask, reason)]


def _lists(array: pa.Array, declared: Input, missing: Sequence[str], bad_text: str) -> tuple[pa.Array, Faults]:
    """Pads or cuts each list to the declared length."""
    assert declared.length is not None
    lengths, starts = _spans(array)
    values, faults = _values(array.flatten(), declared, missing, bad_text)
    slots = np.arange(declared.length)
    beyond = (slots >= lengths[:, None]).ravel()
    indices = pa.array(np.where(beyond, 0, (starts[:, None] + slots).ravel()), mask=beyond)
    padded = values.take(indices) if len(values) else pa.nulls(len(indices), values.type)
    padded = padded.fill_null(pa.scalar(declared.missing, values.type))
    return pa.FixedSizeListArray.from_arrays(padded, declared.length), _by_row(faults, lengths)


def _single(array: pa.Array, declared: Input, missing: Sequence[str], bad_text: str) -> tuple[pa.Array, Faults]:
    """The one value of each list (a TFRecord has no other form for it)."""
    values, several = _first_of_lists(array)
    array, faults = _values(values, declared, missing, bad_text)
    return array, [(several, f"column {declared.name!r}: several values where one is expected"), *faults]


def _first_of_lists(array: pa.Array) -> tuple[pa.Array, Mask]:
    """The first value of each list, null where it is empty, and which lists have more."""
    lengths, starts = _spans(array)
    values = array.flatten()
    first = pa.array(starts, mask=lengths == 0)
    return values.take(first) if len(values) else pa.nulls(len(first), values.type), lengths > 1


def _spans(array: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The length of each list, and where its values begin among those of all."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    return lengths, np.concatenate([[0], np.cumsum(lengths)])[:-1]


def _by_row(faults: Faults, lengths: npt.NDArray[np.int64]) -> Faults:
    """Faults of values as faults of the rows whose lists hold them."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    return [(np.bincount(row[mask], minlength=len(lengths)) > 0, reason) for mask, reason in faults]


def _is_list(array: pa.Array) -> bool:
    return _is_list_type(array.type)


def _is_list_type(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))

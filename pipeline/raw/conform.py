"""Raw columns in the type their input declares, with missing marks for nulls, and the rows where that fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError
from features.inputs import Input
from pipeline.raw.column_type import is_list, is_text, plain_array
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

    Raises:
      DataError: no value of the column's type can have the declared one.
    """
    try:
        array, faults = _conformed(_one_array(column), declared, missing, bad_text)
    except pa.ArrowNotImplementedError:  # Arrow has no cast between the two types at all, whatever the values
        message = f"column {declared.name!r} is {column.type}, which cannot be read as {declared.dtype}"
        raise DataError(f"{message}; leave it out of the features, or write another type") from None
    return array, faults + _negative_numbers(array, declared)


def _negative_numbers(array: pa.Array, declared: Input) -> Faults:
    if not declared.non_negative:
        return []
    values = array.flatten().to_numpy(zero_copy_only=False).reshape(len(array), declared.length or 1)
    return [((values < 0).any(axis=1), f"column {declared.name!r}: a weight is negative")]


def _conformed(array: pa.Array, declared: Input, missing: Sequence[str], bad_text: str) -> tuple[pa.Array, Faults]:
    if declared.separator and not is_list(array.type):
        array = pc.split_pattern(_text(array, declared, bad_text)[0], declared.separator)
    if declared.length is not None and not is_list(array.type):  # one value, where lists may come
        array = pa.ListArray.from_arrays(pa.array(np.arange(len(array) + 1), pa.int32()), array)
    if declared.length is not None:
        return _lists(array, declared, missing, bad_text)
    if is_list(array.type):
        return _single(array, declared, missing, bad_text)
    return _values(array, declared, missing, bad_text)


def as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """A column in the plain type that is named for it; null where a value does not fit.

    The types differ where a format has all values as lists or as bytes, and where the writer chose another layout.
    """
    array = _one_array(column)
    if is_list(array.type) and not is_list(kind):
        array, _ = _first_of_lists(array)
    if is_list(kind):
        return array if array.type == kind else array.cast(kind)
    return _cast(_as_bytes(array), kind, "")[0]


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return plain_array(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))


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
    return _cast(_as_bytes(array), pa.string(), f"column {declared.name!r}: {bad_text}")


def _as_bytes(array: pa.Array) -> pa.Array:
    """Texts as bytes, for Arrow checks no text that a file says is UTF-8; other values as they are."""
    return array.cast(pa.binary()) if is_text(array.type) and array.type != pa.binary() else array


def _numbers(
    array: pa.Array, declared: Input, kind: pa.DataType, missing: Sequence[str], bad_text: str
) -> tuple[pa.Array, Faults]:
    reason = f"column {declared.name!r}: not a number"
    faults: Faults = []
    if is_text(array.type):
        array, faults = _text(array, declared, bad_text)
        # Arrow's CSV parser trims numbers, its cast of texts does not; a parse row by row must give the same numbers.
        array = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.is_in(array, pa.array(["", *missing])), None, array)
    elif declared.dtype == "int64":
        reason = f"column {declared.name!r}: not a whole number of 64 bits"
        # NaN is how pandas writes a missing integer.
        if pa.types.is_floating(array.type):
            array = pc.if_else(pc.is_nan(array), None, array)
        elif pa.types.is_uint64(array.type):
            return _codes_of_64_bits(array, declared)
    array, more = _cast(array, kind, reason, safe=declared.dtype == "int64")
    faults += more
    # One infinite number would make the mean of its column infinite, and with it every standardised value NaN.
    if declared.dtype == "float32":
        endless = np.isinf(array.to_numpy(zero_copy_only=False))
        if endless.any():
            faults.append((endless, f"column {declared.name!r}: not a finite number of 32 bits"))
    return array, faults


def _codes_of_64_bits(array: pa.Array, declared: Input) -> tuple[pa.Array, Faults]:
    """Unsigned codes, as hashes are, by their bits: those of 2^63 and more become negative, and stay apart.

    One code has the bits of the missing mark, and is rejected.
    """
    codes = array.view(pa.int64())
    is_mark = pc.fill_null(pc.equal(codes, declared.missing), False)
    mask = is_mark.to_numpy(zero_copy_only=False)
    return codes, [(mask, f"column {declared.name!r}: 2^63 stands for no value")] if mask.any() else []


def _cast(array: pa.Array, kind: pa.DataType, reason: str, safe: bool = True) -> tuple[pa.Array, Faults]:
    if array.type == kind:
        return array, []
    # All values at once, as mostly all fit; only where the cast fails are the bad ones looked for.
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
    values, faults = _values(plain_array(array.flatten()), declared, missing, bad_text)
    # For each place of the padded lists, the index of its value among all values: one `take` in place of a loop over rows.
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
    values = plain_array(array.flatten())
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

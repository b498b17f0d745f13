"""Types of columns: one for each that writers use for the same values, and one for files that differ without loss."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Each tuple holds all of Arrow's types for the same kind of values.
_TEXTS = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary),
)
_VIEWS = (pa.types.is_list_view, pa.types.is_large_list_view)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, *_VIEWS)


def is_text(kind: pa.DataType) -> bool:
    """Whether values are texts: strings, and bytes, which Parquet's older writers use for them."""
    return any(is_kind(kind) for is_kind in _TEXTS)


def is_list(kind: pa.DataType) -> bool:
    """Whether values are lists, however they are laid out."""
    return any(is_kind(kind) for is_kind in _LISTS)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The one type of all that hold the same values.

    Text of any width or layout, bytes and dictionaries of text are `string`; lists of any width or layout are `list`;
    16-bit floats are `float`, whole decimals `int64`, other decimals `double`.
    """
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    # Bytes too: Spark and older writers do not mark texts as such. What is not UTF-8 is rejected row by row.
    if is_text(kind):
        return pa.string()
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type), kind.list_size)
    if is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    # Few kernels of Arrow know decimals, and codes are often stored as decimals without digits after the point.
    if pa.types.is_decimal(kind):
        return pa.int64() if kind.scale <= 0 else pa.float64()
    return pa.float32() if pa.types.is_float16(kind) else kind


def join_types(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    """The plain type that holds what both plain types do; None where a value would be lost or change its meaning.

    Whole numbers of any width are joined, with floats too: each file's floats must then be whole where they are codes.
    Nothing at all (`null`) is joined with everything, and one value with lists.
    """
    if first == second or pa.types.is_null(second):
        return first
    if pa.types.is_null(first):
        return second
    if is_list(first) or is_list(second):
        values = join_types(_value_type(first), _value_type(second))
        return None if values is None else pa.list_(values, _common_size(first, second))
    # A column that is whole in one file and has missing values in the next is often written as floats there.
    if _is_number(first) and _is_number(second):
        floats = pa.types.is_floating(first) or pa.types.is_floating(second)
        return pa.float64() if floats else pa.int64()
    if pa.types.is_timestamp(first) and pa.types.is_timestamp(second) and first.tz == second.tz:
        units = ("s", "ms", "us", "ns")
        return pa.timestamp(max(first.unit, second.unit, key=units.index), first.tz)
    return None


def plain_array(array: pa.Array) -> pa.Array:
    """The same values without dictionaries, runs, views of lists, and 16-bit floats, few kernels of which Arrow has."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain_array(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain_array(pc.run_end_decode(array))
    if any(is_view(kind) for is_view in _VIEWS):
        # Arrow's own cast of views to lists fails (pyarrow 25: "Offsets buffer size ... isn't large enough").
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
        return pa.LargeListArray.from_arrays(offsets, array.flatten(), mask=array.is_null())
    return array.cast(pa.float32()) if pa.types.is_float16(kind) else array


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if is_list(kind) else kind


def _common_size(first: pa.DataType, second: pa.DataType) -> int:
    """The size of lists of one size; -1 where it differs or is not fixed."""
    sizes = {kind.list_size if pa.types.is_fixed_size_list(kind) else -1 for kind in (first, second)}
    return sizes.pop() if len(sizes) == 1 else -1


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))

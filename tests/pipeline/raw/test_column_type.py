import decimal

import numpy as np
import pyarrow as pa
import pytest

from pipeline.raw.column_type import join_types, plain_array, plain_type

TEXT, WHOLE, LISTS = pa.string(), pa.int64(), pa.list_(pa.int64())


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        *((kind, TEXT) for kind in (pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view())),
        (pa.binary(16), TEXT),
        (pa.dictionary(pa.int8(), pa.large_string()), TEXT),
        (pa.dictionary(pa.uint64(), pa.int32()), pa.int32()),
        (pa.run_end_encoded(pa.int32(), TEXT), TEXT),
        (pa.decimal128(20, 0), WHOLE),
        (pa.decimal128(20, 2), pa.float64()),
        (pa.float16(), pa.float32()),
        (pa.large_list(pa.int64()), LISTS),
        (pa.list_view(pa.int64()), LISTS),
        (pa.list_(pa.float16(), 4), pa.list_(pa.float32(), 4)),
        (pa.list_(pa.large_string()), pa.list_(TEXT)),
        *((kind, kind) for kind in (pa.int8(), pa.uint64(), pa.bool_(), pa.null(), pa.date32(), pa.timestamp("ms"))),
    ],
)
def test_types_of_the_same_values_are_one(kind, plain):
    assert plain_type(kind) == plain


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (TEXT, TEXT, TEXT),
        (pa.null(), TEXT, TEXT),
        (pa.list_(pa.null()), LISTS, LISTS),
        (pa.int8(), pa.int32(), WHOLE),
        (pa.uint64(), pa.int32(), WHOLE),
        (pa.bool_(), pa.int32(), WHOLE),
        (pa.int32(), pa.float64(), pa.float64()),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.list_(pa.int32(), 4), pa.list_(pa.int64(), 4), pa.list_(WHOLE, 4)),
        (pa.list_(WHOLE, 4), pa.list_(WHOLE, 5), LISTS),
        (pa.list_(WHOLE, 4), LISTS, LISTS),
        (LISTS, WHOLE, LISTS),
        (pa.timestamp("s"), pa.timestamp("us"), pa.timestamp("us")),
        (TEXT, WHOLE, None),
        (pa.list_(TEXT), WHOLE, None),
        (pa.timestamp("s"), pa.timestamp("s", "UTC"), None),
        (pa.date32(), pa.timestamp("s"), None),
        (pa.struct({"a": WHOLE}), TEXT, None),
    ],
)
def test_types_are_joined_where_no_value_is_lost(first, second, joined):
    assert join_types(first, second) == joined
    assert join_types(second, first) == joined


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.array([[1, 2], None, [], [3]], pa.list_view(pa.int64())),
        pa.array([[1, 2], None, [], [3]], pa.large_list_view(pa.int64())).slice(1),
        pa.array(np.array([1, 2.5], np.float16)),
        pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]),
        pa.array([decimal.Decimal(7), None], pa.decimal128(20, 0)),
    ],
)
def test_values_stay_the_same_in_a_layout_that_arrow_can_compute_with(array):
    plain = plain_array(array)
    assert plain.to_pylist() == array.to_pylist()
    pa.compute.drop_null(plain).unique() if not pa.types.is_nested(plain.type) else plain.flatten().unique()

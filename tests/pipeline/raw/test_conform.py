import numpy as np
import pyarrow as pa
import pytest

from features.errors import DataError
from features.inputs import MISSING_INT, Input
from pipeline.raw.conform import as_type, conform
from tests.pipeline.raw.raw_files import data, read_all, write, write_parquet


def test_whole_floats_are_ids_and_nan_is_missing(tmp_path):
    config = write_parquet(tmp_path / "a", i=pa.array([7.0, float("nan"), 1.5]))
    rows, rejected = read_all(config, [Input("label", "float32"), Input("i", "int64")])
    assert [row["i"] for row in rows] == [7, MISSING_INT]
    assert [r.reason for r in rejected] == ["column 'i': not a whole number of 64 bits"]


def test_lists_are_padded_and_cut_and_text_lists_of_weights_are_split(tmp_path):
    config = write_parquet(tmp_path / "a", v=pa.array([[1, 2, 3], None, []], pa.list_(pa.int64())))
    rows, _ = read_all(config, [Input("label", "float32"), Input("v", "int64", 2)])
    assert [row["v"] for row in rows] == [[1, 2], [MISSING_INT] * 2, [MISSING_INT] * 2]
    path = write(tmp_path / "b", b"1\t0\t0.5|2\n1\t0\t\n0\t0\t0.5|x\n")
    rows, rejected = read_all(data(path), [Input("label", "float32"), Input("c", "float32", 3, "|")])
    np.testing.assert_array_equal([row["c"] for row in rows], [[0.5, 2, np.nan], [np.nan] * 3])
    assert [r.reason for r in rejected] == ["column 'c': not a number"]


def conformed(values, declared, missing=()):
    """Values, and the rows with faults by reason."""
    array, faults = conform(pa.chunked_array([values]), declared, missing)
    return array.to_pylist(), {reason: np.flatnonzero(mask).tolist() for mask, reason in faults if mask.any()}


def test_missing_marks_count_only_as_whole_texts():
    values = pa.array(["NA", "x", None, "NAx"])
    assert conformed(values, Input("c", "string"), ["NA"]) == (["", "x", "", "NAx"], {})


def test_each_fault_says_which_rows_it_concerns():
    values = pa.array([b"1", b" 2 ", b"x", b"\xff", b""])
    numbers, faults = conformed(values, Input("n", "int64"))
    assert numbers == [1, 2, MISSING_INT, MISSING_INT, MISSING_INT]
    assert faults == {"column 'n': not a number": [2], "column 'n': invalid UTF-8": [3]}


def test_a_value_of_a_list_is_a_fault_of_its_row():
    values = pa.array([["1", "x"], ["2"], None, ["x", "y"]])
    numbers, faults = conformed(values, Input("n", "int64", 2))
    assert numbers == [[1, MISSING_INT], [2, MISSING_INT], [MISSING_INT] * 2, [MISSING_INT] * 2]
    assert faults == {"column 'n': not a number": [0, 3]}


def test_a_negative_weight_is_a_fault_of_its_row():
    weights = pa.array([[0.5, -1.0], None, [0.0], [1.0, 2.0, -9.0]], pa.list_(pa.float32()))
    declared = Input("w", "float32", 2, non_negative=True)
    assert conformed(weights, declared)[1] == {"column 'w': a weight is negative": [0]}  # the last one's is cut off
    assert conformed(weights, Input("w", "float32", 2))[1] == {}
    assert conformed(weights.slice(0, 0), declared) == ([], {})


def test_columns_as_their_format_names_them():
    assert as_type(pa.chunked_array([pa.array([b"a", None])]), pa.string()).to_pylist() == ["a", None]
    assert as_type(pa.chunked_array([pa.array([[1], [], None])]), pa.int64()).to_pylist() == [1, None, None]
    assert as_type(pa.chunked_array([pa.array([[b"a"], []])]), pa.list_(pa.string())).to_pylist() == [["a"], []]
    assert as_type(pa.chunked_array([pa.array([b"\xff", b"a"])]), pa.string()).to_pylist() == [None, "a"]
    assert as_type(pa.chunked_array([pa.array([7], pa.decimal128(9, 0))]), pa.int64()).to_pylist() == [7]


BITS = 2**63


@pytest.mark.parametrize(
    ("values", "declared", "expected"),
    [
        (pa.array([b"a", None], pa.large_binary()), Input("c", "string"), ["a", ""]),
        (pa.array([b"a", None], pa.binary()).cast(pa.binary_view()), Input("c", "string"), ["a", ""]),
        (pa.array([" 1", "x1"]).cast(pa.string_view()).slice(0, 1), Input("c", "int64"), [1]),
        (pa.array(["1.5", None], pa.large_string()), Input("c", "float32"), [1.5, None]),
        (pa.array([1, BITS - 1, BITS + 1, None], pa.uint64()), Input("c", "int64"), [1, BITS - 1, 1 - BITS, MISSING_INT]),
        (pa.array([7, None], pa.decimal128(20, 0)), Input("c", "int64"), [7, MISSING_INT]),
        (pa.array([7, None], pa.decimal256(50, 0)), Input("c", "float32"), [7.0, None]),
        (pa.array(np.array([1, 2.5], np.float16)), Input("c", "float32"), [1.0, 2.5]),
        (pa.nulls(2), Input("c", "string"), ["", ""]),
        (pa.nulls(1), Input("c", "int64", 2), [[MISSING_INT] * 2]),
        (pa.nulls(1), Input("c", "float32"), [None]),
        (pa.array([True, None]), Input("c", "int64"), [1, MISSING_INT]),
        (pa.array([[1], [2, 3]], pa.list_view(pa.int64())), Input("c", "int64", 1), [[1], [2]]),
        (pa.array([[np.float16(0.5)]], pa.list_(pa.float16())), Input("c", "float32", 1), [[0.5]]),
        (pa.array([["a"], None], pa.large_list(pa.large_string())), Input("c", "string", 1), [["a"], [""]]),
    ],
)
def test_values_of_every_layout_are_read(values, declared, expected):
    array, faults = conformed(values, declared)
    assert [None if value != value else value for value in array] == expected
    assert faults == {}


def test_what_does_not_fit_is_rejected_by_value():
    assert conformed(pa.array([BITS, 1], pa.uint64()), Input("c", "int64"))[1] == {"column 'c': 2^63 stands for no value": [0]}
    large = pa.array([2**70, 1], pa.decimal128(30, 0))
    assert conformed(large, Input("c", "int64"))[1] == {"column 'c': not a whole number of 64 bits": [0]}


@pytest.mark.parametrize("dtype", ["float32", "string"])
def test_a_type_that_nothing_can_be_made_of_is_named(dtype):
    with pytest.raises(DataError, match=rf"column 'c' is struct<a: int64>, which cannot be read as {dtype}; leave it out"):
        conformed(pa.array([{"a": 1}]), Input("c", dtype))

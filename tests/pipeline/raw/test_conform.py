import numpy as np
import pyarrow as pa
import pytest

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


def test_columns_as_their_format_names_them():
    assert as_type(pa.chunked_array([pa.array([b"a", None])]), pa.string()).to_pylist() == ["a", None]
    assert as_type(pa.chunked_array([pa.array([[1], [], None])]), pa.int64()).to_pylist() == [1, None, None]
    assert as_type(pa.chunked_array([pa.array([[b"a"], []])]), pa.list_(pa.string())).to_pylist() == [["a"], []]
    with pytest.raises(pa.ArrowInvalid):
        as_type(pa.chunked_array([pa.array([b"\xff"])]), pa.string())

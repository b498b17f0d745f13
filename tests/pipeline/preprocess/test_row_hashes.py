"""Hashes of rows: equal for equal content, however it is encoded, and different for other content."""

import numpy as np
import pyarrow as pa

from pipeline.preprocess.row_hashes import row_hashes


def hashes(**columns):
    return row_hashes(list(columns.values()), list(columns)).tolist()


def test_a_hash_depends_on_the_values_and_not_on_their_dictionary():
    one = pa.array(["a", "b", "a"]).dictionary_encode()
    other = pa.array(["x", "b", "a", "b"]).dictionary_encode().slice(1)
    first, second, third = hashes(c=one)
    assert first == third != second
    assert hashes(c=other) == [second, first, second]
    assert hashes(c=pa.array(["a", "b"])) == [first, second]


def test_texts_differ_by_length_and_by_both_ends():
    texts = ["", "a", "b", "ab", "ba", "a\0", "abcdefgh", "abcdefghi", "xbcdefghi", "é" * 30, "abcdefgh0abcdefgh"]
    assert len(set(hashes(c=pa.array(texts)))) == len(texts)
    assert hashes(c=pa.array(texts).slice(3, 4)) == hashes(c=pa.array(texts[3:7]))
    assert hashes(c=pa.array(["", ""]))[0] == hashes(c=pa.array(texts))[0]


def test_numbers_lists_and_missing_values_have_hashes():
    floats = pa.array([0.0, -0.0, 1.5, float("nan")], pa.float32())
    zero, minus_zero, other, missing = hashes(n=floats)
    assert zero == minus_zero
    assert len({zero, other, missing}) == 3
    lists = pa.FixedSizeListArray.from_arrays(pa.array(["a", "b", "b", "a", "a", "b"]), 2)
    first, second, third = hashes(t=lists)
    assert first == third != second
    assert len(set(hashes(i=pa.array([1, 2, -1, 2**62])))) == 4
    assert hashes(t=lists.slice(0, 0)) == []


def test_columns_are_told_apart_and_add_up():
    a, b = pa.array(["x", "y"]), pa.array(["y", "x"])
    assert hashes(a=a, b=b) != hashes(a=b, b=a)
    apart = row_hashes([a], ["a"]) + row_hashes([b], ["b"])
    assert apart.tolist() == hashes(a=a, b=b) == hashes(b=b, a=a)


def test_hashes_of_many_rows_fill_their_range_evenly():
    rows = row_hashes([pa.array([f"user {number % 500}" for number in range(20_000)]), pa.array(range(20_000))], ["u", "i"])
    counts = np.bincount((rows >> np.uint64(60)).astype(int), minlength=16)
    assert 1100 < counts.min() <= counts.max() < 1400

"""Sums of row keys."""

import numpy as np

from pipeline.preprocess.row_keys import RowKeys

KEYS = np.random.default_rng(7).integers(0, 2**64, 1000, dtype=np.uint64)


def folded(keys):
    """The 48 bits of a key that are summed, exactly, as Python integers."""
    return [(int(key) & 0xFFFFFF) + ((int(key) >> 40) << 32) for key in keys]


def test_sums_are_exact_modulo_two_to_the_64():
    codes = np.random.default_rng(8).integers(0, 3, 1000)
    expected = [sum(folded(KEYS[codes == code])) % 2**64 for code in range(4)]
    assert RowKeys(KEYS).sums(codes, 4).tolist() == expected


def test_a_row_may_have_several_codes_or_none():
    rows, codes = np.array([0, 0, 2]), np.array([0, 1, 1])
    key = folded(KEYS[:3])
    assert RowKeys(KEYS[:3]).sums(codes, 2, rows).tolist() == [key[0], (key[0] + key[2]) % 2**64]

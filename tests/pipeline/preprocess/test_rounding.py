"""Numbers as keys: their order, their error, and missing ones."""

import numpy as np

from pipeline.preprocess.rounding import NO_NUMBER, rounded_keys, rounded_values

RNG = np.random.default_rng(7)


def test_keys_are_in_the_order_of_the_numbers_and_near_them():
    x = np.sort(np.concatenate([RNG.normal(0, 1, 1000), RNG.normal(0, 1e30, 1000), [0.0, -0.0]]).astype(np.float32))
    key = rounded_keys(x)
    assert (np.diff(key) >= 0).all()
    assert np.abs(rounded_values(key) - x).max() / np.abs(x).max() < 2**-11
    assert np.allclose(rounded_values(key), x, rtol=2**-11, atol=0)
    assert len(set(rounded_keys(np.float32([0.0, -0.0])))) == 1


def test_a_missing_number_has_a_key_of_its_own():
    lowest = np.float32([-np.inf, np.finfo(np.float32).min])
    assert rounded_keys(np.float32([np.nan])).tolist() == [NO_NUMBER]
    assert (rounded_keys(lowest) > NO_NUMBER).all()

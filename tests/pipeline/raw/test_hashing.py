import numpy as np
import pyarrow as pa

from pipeline.raw.hashing import hash_values, mix


def test_the_finaliser_is_that_of_splitmix64():
    """The first outputs of SplitMix64 seeded with 0: its state grows by the golden ratio before each."""
    states = np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert mix(states).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_a_hash_depends_on_the_value_and_the_seed_alone():
    words = pa.array(["", "a", "b", "ab", "ba", "abc", "é"])
    hashes = hash_values(words)
    assert len(set(hashes.tolist())) == len(words)
    assert hash_values(words.slice(3)).tolist() == hashes[3:].tolist()
    assert hash_values(pa.array(["ab"])).tolist() == [hashes[3]]
    assert not set(hash_values(words, seed=1).tolist()) & set(hashes.tolist())
    assert hash_values(pa.array(["", ""])).tolist() == [hashes[0]] * 2


def test_hashes_of_many_values_fill_their_range_evenly():
    for values in (pa.array(range(20_000)), pa.array([f"user {number}" for number in range(20_000)])):
        counts = np.bincount((hash_values(values) >> np.uint64(60)).astype(int), minlength=16)
        assert 1100 < counts.min() <= counts.max() < 1400

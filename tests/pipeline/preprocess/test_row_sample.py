"""Rows that are in two splits, found in samples of all shards."""

import numpy as np

from pipeline.preprocess.row_sample import RowSample, SharedRows, rows_a_shard, sentences, shared_rows
from pipeline.preprocess.split import TEST, TRAIN
from pipeline.raw.hashing import mix


def numbered(start, stop):
    return mix(np.arange(start, stop, dtype=np.uint64) + np.uint64(1))


def sampled(*parts, most=500):
    """A sample of each part: numbers of rows from and to, and their split."""
    samples = []
    for start, stop, split in parts:
        sample = RowSample()
        sample.add(numbered(start, stop), np.full(stop - start, split), most)
        samples.append(sample)
    return samples


def test_a_sample_holds_all_rows_below_a_hash_and_no_others():
    (sample,) = sampled((0, 10_000, TRAIN))
    assert len(sample.hashes) == 500
    assert sorted(sample.hashes.tolist()) == sorted(numbered(0, 10_000).tolist())[:500]
    assert sample.below == sorted(numbered(0, 10_000).tolist())[500]
    (small,) = sampled((0, 400, TRAIN))
    assert (len(small.hashes), small.below) == (400, 2**64)


def test_samples_of_several_tables_and_shards_are_those_of_all_rows():
    one = RowSample()
    for start in range(0, 8000, 2000):
        one.add(numbered(start, start + 2000), np.full(2000, TRAIN), 300)
    joined = RowSample.joined([one, *sampled((8000, 9000, TEST))])
    everything = numbered(0, 9000)
    assert sorted(joined.hashes.tolist()) == sorted(everything[everything < np.uint64(joined.below)].tolist())
    assert joined.below == min(one.below, sampled((8000, 9000, TEST))[0].below)
    assert RowSample.joined([]).below == 2**64


def test_a_sample_survives_its_file(tmp_path):
    (sample,) = sampled((0, 10_000, TEST))
    sample.write(str(tmp_path / "s"))
    back = RowSample.read(str(tmp_path / "s"))
    assert back.hashes.tolist() == sample.hashes.tolist()
    assert (set(back.splits.tolist()), back.below) == ({TEST}, sample.below)
    RowSample().write(str(tmp_path / "empty"))
    assert RowSample.read(str(tmp_path / "empty")).below == 2**64


def test_shares_of_common_rows_are_found_within_the_error_of_the_sample():
    parts = [(start, start + 20_000, TRAIN) for start in range(0, 100_000, 20_000)]
    (shared,) = shared_rows(RowSample.joined(sampled(*parts, (92_000, 112_000, TEST), most=2000)))
    assert (shared.split, shared.other, shared.repeated) == ("test", "train", 0.0)
    assert abs(shared.share - 0.4) < 0.05


def test_all_rows_of_small_data_are_compared():
    samples = sampled((0, 1000, TRAIN), (0, 10, TRAIN), (990, 1090, TEST), most=rows_a_shard(3))
    assert shared_rows(RowSample.joined(samples)) == [SharedRows("test", "train", 0.1, 20 / 1010)]


def test_what_is_hardly_by_chance_is_a_warning():
    copied, chance = SharedRows("test", "train", 1.0, 0.002), SharedRows("validation", "train", 0.3, 0.31)
    few = SharedRows("test", "validation", 0.005, 0.0)
    assert sentences([chance, copied, few]) == [
        "preprocess: 30.0% of the validation rows are in train too, value for value (31.0% of the train rows occur more than "
        "once)",
        "warning: 100.0% of the test rows are in train too, value for value (0.2% of the train rows occur more than once); "
        "figures on test show how well rows are remembered; look for rows in both",
    ]


def test_many_shards_have_small_samples():
    assert [rows_a_shard(shards) for shards in (0, 1, 2, 1 << 14)] == [1 << 17, 1 << 17, 1 << 16, 64]

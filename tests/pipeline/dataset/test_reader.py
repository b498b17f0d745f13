"""Batches of a transformed folder: which rows, in which order, read from where."""

import itertools
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from features.encoding import Encoding
from features.errors import ConfigError, DataError
from pipeline.dataset import row_group
from pipeline.dataset.reader import Reader, Transformed
from pipeline.runtime import files
from tests.pipeline.dataset.small_folder import ENCODINGS, columns, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """1,000 rows in 3 files and 11 row groups of up to 100 rows."""
    tables = [columns(0, 330), columns(330, 470), columns(800, 200)]
    return write(tmp_path_factory.mktemp("transformed"), ENCODINGS, tables, 100)


def reader(data, shuffle_rows=250, names=None):
    return Reader(data, "train", data.subset(names) if names else data.encodings, shuffle_rows)


def rows_of(batch):
    return batch[0]["ids"][:, 0].tolist()


def take(batches, count):
    return list(itertools.islice(batches, count))


def assert_same(left, right):
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shuffle_rows", [1, 250, 5000])
def test_an_epoch_holds_every_row_exactly_once(data, shuffle_rows):
    batches = take(reader(data, shuffle_rows).shuffled(40, seed=1), 50)
    first, second = ([row for batch in part for row in rows_of(batch)] for part in (batches[:25], batches[25:]))
    assert sorted(first) == sorted(second) == list(range(1000))
    assert first != second
    assert first != sorted(first)


@pytest.mark.parametrize("shuffle_rows", [1, 250, 5000])
def test_rows_beyond_the_last_whole_batch_are_left_to_other_epochs(data, shuffle_rows):
    batches = take(reader(data, shuffle_rows).shuffled(300, seed=1), 30)
    assert all(len(batch[1]) == 300 for batch in batches)
    for epoch in range(10):
        seen = [row for batch in batches[3 * epoch : 3 * epoch + 3] for row in rows_of(batch)]
        assert len(set(seen)) == 900
    assert {row for batch in batches for row in rows_of(batch)} == set(range(1000))


def test_every_array_of_a_batch_is_of_the_same_rows_in_the_order_of_the_encodings(data):
    (inputs, label, weight), *_ = take(reader(data).shuffled(64, seed=3), 1)
    row = inputs["ids"][:, :1]
    steps = np.arange(4)
    np.testing.assert_array_equal(inputs["ids"], np.concatenate([row, (row + steps[:3]) % 50, row % 9], axis=1))
    np.testing.assert_array_equal(inputs["values"], np.concatenate([row * 0.5 + steps[:2], row * 2 + steps], axis=1))
    ones = np.ones((64, 1))
    np.testing.assert_array_equal(inputs["weights"], np.concatenate([ones, row + steps[:3] / 4, ones], axis=1))
    np.testing.assert_array_equal(label, row % 2)
    np.testing.assert_array_equal(weight, row + 0.25)
    assert [inputs[name].dtype for name in ("ids", "values", "weights")] == [np.int32, np.float32, np.float32]


def test_without_weights_a_batch_is_inputs_and_label(tmp_path):
    data = write(tmp_path, ENCODINGS, [columns(0, 100)], 50, weight=None)
    inputs, label = next(reader(data, names=["row", "brand"]).shuffled(10, seed=1))
    assert inputs.keys() == {"ids"}
    assert inputs["ids"].shape == (10, 2)
    assert label.shape == (10, 1)
    (inputs, _), *_ = take(reader(data, names=["price"]).shuffled(10, seed=1), 1)
    assert inputs.keys() == {"values"}


def test_the_order_is_a_function_of_seed_epoch_and_step(data):
    same, again, other = (take(reader(data).shuffled(64, seed), 40) for seed in (7, 7, 8))
    assert_same(same, again)
    assert [rows_of(batch) for batch in same] != [rows_of(batch) for batch in other]
    narrow = take(reader(data, names=["row"]).shuffled(64, seed=7), 40)
    assert [rows_of(batch) for batch in narrow] == [rows_of(batch) for batch in same]


@pytest.mark.parametrize("shuffle_rows", [1, 250, 5000])
@pytest.mark.parametrize("batch_size", [64, 100, 300])
def test_a_start_gives_the_batches_of_an_uninterrupted_run(data, shuffle_rows, batch_size):
    whole = take(reader(data, shuffle_rows).shuffled(batch_size, seed=5), 36)
    for start in range(0, 35, 1 if batch_size == 300 else 5):
        resumed = take(reader(data, shuffle_rows).shuffled(batch_size, seed=5, start=start), 36 - start)
        assert_same(resumed, whole[start:])


def test_a_start_reads_no_window_that_lies_before_it(data, monkeypatch):
    seen = []
    read = row_group.RowGroup.read
    monkeypatch.setattr(row_group.RowGroup, "read", lambda group, names: seen.append(group.rows) or read(group, names))
    batches = reader(data, 100).shuffled(50, seed=5, start=18)  # rows 900 to 949 of the epoch's order
    next(batches)
    assert sum(seen) <= 300  # of 1,000: the window it is in, and the one read ahead
    batches.close()


def test_shards_put_together_are_the_global_batch(data):
    whole = take(reader(data).shuffled(64, seed=2, start=3), 30)
    parts = [take(reader(data).shuffled(64, seed=2, start=3, shard=(n, 4)), 30) for n in range(4)]
    joined = [tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *batches) for batches in zip(*parts, strict=True)]
    assert_same(joined, whole)


def test_a_batch_that_does_not_divide_into_shards_is_an_error(data):
    with pytest.raises(ConfigError, match=r"training.batch_size: 64 rows cannot be cut into 3 equal parts"):
        next(reader(data).shuffled(64, seed=2, shard=(0, 3)))


def test_ordered_gives_all_rows_in_file_order_with_one_short_batch_at_the_end(data):
    batches = list(reader(data).ordered(70))
    assert [len(batch[1]) for batch in batches] == [70] * 14 + [20]
    assert [row for batch in batches for row in rows_of(batch)] == list(range(1000))
    assert [len(batch[1]) for batch in reader(data).ordered(100)] == [100] * 10
    assert [len(batch[1]) for batch in reader(data).ordered(5000)] == [1000]


def test_a_split_smaller_than_a_batch_is_an_error_that_says_so(data):
    with pytest.raises(DataError, match=r"the train split has 1000 rows, fewer than one batch of 1024"):
        reader(data).dataset(1024, seed=1)
    assert [len(batch[1]) for batch in take(reader(data).shuffled(1000, seed=1), 2)] == [1000, 1000]


def test_the_dataset_gives_what_the_generator_gives(data):
    dataset = reader(data).dataset(64, seed=4, start=5, shard=(1, 2))
    assert dataset.element_spec[0]["ids"] == tf.TensorSpec([32, 5], tf.int32)
    batches = list(dataset.take(20).as_numpy_iterator())
    assert_same(batches, take(reader(data).shuffled(64, seed=4, start=5, shard=(1, 2)), 20))


def test_reading_some_columns_touches_no_other(tmp_path, monkeypatch):
    encodings = [Encoding(f"C{n}", 5000) for n in range(40)]
    rng = np.random.default_rng(1)
    table = pa.table({f"C{n}": rng.integers(0, 5000, 40_000, np.int32) for n in range(40)})
    data = write(tmp_path, encodings, [table.append_column("label", pa.array(np.zeros(40_000, np.float32)))], 10_000, None)
    chosen = [encodings[n] for n in range(1, 40, 4)]
    read = []

    def counting(path):
        source = open(path, "rb")  # noqa: PTH123, SIM115
        given = source.read
        source_read = lambda size=-1: read.append((source.tell(), size)) or given(size)  # noqa: E731
        proxy = type(
            "Proxy", (), {"__getattr__": lambda _, name: getattr(source, name), "read": lambda _, n=-1: source_read(n)}
        )
        return pa.PythonFile(proxy(), mode="r")

    small_reader = Reader(data, "train", chosen, 10_000)
    groups = small_reader.row_groups
    monkeypatch.setattr(files, "open_arrow", counting)
    assert sum(len(batch[1]) for batch in small_reader.ordered(4096)) == 40_000
    names = {encoding.name for encoding in chosen} | {"label"}
    chunks = [groups[0].metadata.row_group(g).column(c) for g in range(4) for c in range(41)]
    wanted = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in names)
    everything = sum(chunk.total_compressed_size for chunk in chunks)
    assert sum(size for _, size in read) == wanted
    assert 0.24 < wanted / everything < 0.26
    for chunk in chunks:
        if chunk.path_in_schema not in names:
            begin, end = chunk.dictionary_page_offset, chunk.dictionary_page_offset + chunk.total_compressed_size
            assert not any(at < end and at + size > begin for at, size in read)


def test_what_is_held_is_bounded_by_shuffle_rows(data):
    held, most = 0, 0

    class Counting(Reader):
        def _read(self, groups):
            nonlocal held, most
            arrays = super()._read(groups)
            rows = len(arrays["label"])
            held, most = held + rows, max(most, held + rows)
            holder = type("Held", (dict,), {"__del__": lambda _: freed(rows)})
            return holder(arrays)

    def freed(rows):
        nonlocal held
        held -= rows

    batches = Counting(data, "train", data.encodings, 250).shuffled(50, seed=1)
    take(batches, 100)
    assert 250 <= most <= 750  # in use, loaded ahead, and the next begun before the first is let go; not all 1,000
    batches.close()
    assert held == 0


def test_closing_leaves_no_thread_behind(data):
    def readers():
        return [thread for thread in threading.enumerate() if thread.name.startswith("winnow-read")]

    batches = reader(data).shuffled(64, seed=1)
    take(batches, 40)
    assert len(readers()) == 1  # one for all epochs
    batches.close()
    assert not readers()
    ordered = reader(data).ordered(10)
    next(ordered)
    del ordered
    assert not readers()
    iterator = iter(reader(data).dataset(64, seed=1))
    next(iterator)
    del iterator
    assert not readers()


def test_a_program_that_fails_amid_an_epoch_ends(data):
    program = f"""
import sys
from pipeline.dataset.reader import Reader, Transformed
from pipeline.runtime import files
from tests.pipeline.dataset.small_folder import ENCODINGS, columns, write

def train():
    data = Transformed({data.folder!r})
    reader = Reader(data, "train", data.encodings, 250)
    batches, iterator = reader.shuffled(64, 1), iter(reader.dataset(64, 1))
    next(batches), next(iterator)
    raise ValueError("amid an epoch")

try:
    train()
except ValueError as error:
    sys.exit(3)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 3, ended.stderr


@pytest.fixture
def spoiled(tmp_path):
    """A folder of two files to be damaged."""
    return write(tmp_path, ENCODINGS, [columns(0, 200), columns(200, 200)], 100)


def test_a_file_that_is_gone_or_cut_is_named(spoiled, tmp_path):
    path = tmp_path / "train/part-1.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(DataError, match=r"part-1.parquet: cannot be read .*run `winnow preprocess` again"):
        reader(spoiled).dataset(64, seed=1)
    path.unlink()
    with pytest.raises(DataError, match=r"part-1.parquet: cannot be read .*run `winnow preprocess` again"):
        reader(spoiled).dataset(64, seed=1)
    path.write_bytes(whole)
    batches = reader(spoiled, 100).shuffled(64, seed=1)
    next(batches)
    path.unlink()
    with pytest.raises(DataError, match=r"part-1.parquet: row group \d cannot be read"):
        take(batches, 10)


def test_a_file_of_another_run_is_named(spoiled, tmp_path):
    pq.write_table(columns(200, 150), tmp_path / "train/part-1.parquet")
    with pytest.raises(DataError, match=r"part-1.parquet: has 150 rows, but manifest.json says 200"):
        next(reader(spoiled).ordered(10))
    pq.write_table(columns(200, 200).drop_columns("brand"), tmp_path / "train/part-1.parquet")
    with pytest.raises(DataError, match=r"part-1.parquet: has no column 'brand'"):
        next(reader(spoiled).ordered(10))


def test_columns_of_other_integer_types_are_read_as_int32(tmp_path):
    table = columns(0, 100)
    table = table.set_column(0, "row", table["row"].cast(pa.int64()))
    data = write(tmp_path, [replace(ENCODINGS[0])], [table], 50)
    assert next(Reader(data, "train", data.encodings).ordered(5))[0]["ids"].tolist() == [[0], [1], [2], [3], [4]]


def test_ids_that_were_cut_away_are_out_of_the_vocabulary(tmp_path):
    whole = write(tmp_path, ENCODINGS, [columns(0, 40)], 16)
    cut = Transformed(whole.folder, {"brand": 5, "tags": 10})
    rows = {encoding.name: encoding.rows for encoding in cut.encodings}
    assert rows == {"row": 10_000, "price": 0, "tags": 10, "vector": 0, "brand": 5}
    (inputs, *_), (left, *_) = (next(Reader(data, "train", data.encodings).ordered(40)) for data in (whole, cut))
    row = np.arange(40)
    tags = (row[:, None] + np.arange(3)) % 50
    brand = (row % 9)[:, None]
    np.testing.assert_array_equal(inputs["ids"], np.hstack([row[:, None], tags, brand]))
    expected = np.hstack([row[:, None], np.where(tags < 10, tags, 2), np.where(brand < 5, brand, 2)])
    np.testing.assert_array_equal(left["ids"], expected)
    np.testing.assert_array_equal(left["values"], inputs["values"])

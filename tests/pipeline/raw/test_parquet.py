import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config.data import DataConfig
from features.errors import DataError
from features.inputs import Input
from pipeline.raw import parquet
from pipeline.raw.piece import RawFile
from pipeline.raw.read import column_types
from pipeline.raw.shards import list_files, plan_shards
from tests.pipeline.raw.raw_files import INPUTS, read_all, write_parquet


def test_parquet_values_that_do_not_fit_are_rejected_by_row(tmp_path):
    text = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(np.array([0, 1, 3, 4], np.int32)), pa.py_buffer(b"a\xff\xfeb")]
    )
    config = write_parquet(tmp_path / "a", i=pa.array([1, 2, 2**63], pa.uint64()), t=text)
    rows, rejected = read_all(config, [Input("label", "float32"), Input("i", "int64"), Input("t", "string")])
    assert rows == [{"label": 1.0, "i": 1, "t": "a"}]
    reasons = ["column 't': invalid UTF-8", "column 'i': 2^63 stands for no value"]
    assert [(r.offset, r.reason) for r in rejected] == [(1, reasons[0]), (2, reasons[1])]
    assert rejected[1].row == b'{"label": 1.0, "i": 9223372036854775808, "t": "b"}'


def test_the_text_of_a_rejected_row_has_values_of_every_layout(tmp_path):
    views, not_utf8 = pa.array(["a", "b", "c"], pa.string_view()), pa.array([b"a", b"\xff", b"c"])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), not_utf8.view(pa.string()))
    config = write_parquet(tmp_path / "a", n=["1", "x", "2"], v=views, t=lists)
    inputs = [Input("label", "float32"), Input("n", "float32"), Input("v", "string"), Input("t", "string", 1)]
    rows, rejected = read_all(config, inputs)
    assert [row["v"] for row in rows] == ["a", "c"]
    assert [r.row for r in rejected] == [rb'{"label": 0.0, "n": "x", "v": "b", "t": ["\\xff"]}']


def test_parquet_row_groups_are_cut_into_shards_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "SHARD_ROWS", 250)
    pq.write_table(pa.table({"label": [0.0, 1.0] * 500, "n": list(range(1000))}), tmp_path / "a", row_group_size=100)
    config = DataConfig(format="parquet", train=str(tmp_path / "a"), label="label")
    planned = plan_shards(config, {"train": list_files(config.train, "train")})
    assert [(s.pieces[0].start, s.pieces[0].stop) for s in planned] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [row["n"] for row in read_all(config, INPUTS[:2])[0]] == list(range(1000))


def test_rows_are_those_of_the_footer(tmp_path):
    config = write_parquet(tmp_path / "a", i=[1, 2, 3])
    assert parquet.estimate_rows(config, RawFile(str(tmp_path / "a"), 1, 0.0)) == 3
    assert parquet.columns(config, str(tmp_path / "a")) == [("label", pa.float64()), ("i", pa.int64())]


def test_a_flipped_bit_in_a_page_is_found_by_its_checksum(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"label": [0.0, 1.0] * 500, "n": np.arange(1000.0)})
    pq.write_table(table, path, write_page_checksum=True, use_dictionary=False, compression="none")
    content = bytearray(path.read_bytes())
    content[content.index(np.float64(500).tobytes())] ^= 1
    path.write_bytes(bytes(content))
    config = DataConfig(format="parquet", train=str(path), label="label")
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as parquet: .*CRC checksum"):
        read_all(config, INPUTS[:2])


def test_a_name_that_is_not_utf8_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": [0.0], "caf": [1]}), path)
    path.write_bytes(path.read_bytes().replace(b"caf", b"ca\xe9"))
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as parquet"):
        column_types(DataConfig(format="parquet", train=str(path), label="label"), list_files([str(path)], "train"))


def test_nulls_among_lists_of_one_size_are_named_with_their_column(tmp_path):
    vectors = pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2))
    config = write_parquet(tmp_path / "a", v=vectors)
    with pytest.raises(
        DataError, match=r"a: column 'v', lists of one size, has nulls that Arrow cannot read .*write it as list"
    ):
        read_all(config, [Input("label", "float32"), Input("v", "float32", 2)])
    assert len(read_all(config, INPUTS[:1])[0]) == 3

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config.data import DataConfig
from features.errors import DataError
from features.inputs import MISSING_INT, Input
from pipeline.raw import delimited
from pipeline.raw.format import RawTable
from pipeline.raw.piece import RawFile
from pipeline.raw.read import column_types, first_rows, read
from pipeline.raw.shards import list_files, plan_shards
from tests.pipeline.raw.raw_files import INPUTS, data, read_all, write, write_parquet


def test_rows_have_numbers_of_their_own_whatever_the_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 64)
    config = data(write(tmp_path / "a", b"".join(b"0\t%d\tv\n" % row for row in range(200))))
    pieces = plan_shards(config, {"train": list_files(config.train, "train")})[0].pieces
    keys = [key for piece in pieces for rows in read(config, INPUTS, piece) for key in rows.keys(3)]
    assert len(set(keys)) == len(keys) > 20


def test_damaged_files_are_named(tmp_path):
    packed = gzip.compress(b"1\t2\tx\n" * 10_000)
    with pytest.raises(DataError, match=r"cut\.gz: cannot be read as tsv: Truncated"):
        read_all(data(write(tmp_path / "cut.gz", packed[: len(packed) // 2])))
    write(tmp_path / "empty", b"")
    with pytest.raises(DataError, match=r"empty is empty; remove it"):
        read_all(data(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"data\.train: no file matches"):
        read_all(data(tmp_path / "none*"))
    config = data(write(tmp_path / "not", b"plain"), format="parquet")
    with pytest.raises(DataError, match=r"not: cannot be read as parquet"):
        read_all(config)


def test_a_file_that_vanishes_after_it_was_listed_is_named(tmp_path):
    config = data(write(tmp_path / "gone", b"1\t2\tx\n"))
    shard = plan_shards(config, {"train": list_files(config.train, "train")})[0]
    (tmp_path / "gone").unlink()
    with pytest.raises(DataError, match=r"gone: cannot be read as tsv"):
        list(read(config, INPUTS, shard.pieces[0]))


def headers(tmp_path, *lines):
    names = [str(write(tmp_path / f"{number}.csv", line)) for number, line in enumerate(lines)]
    config = DataConfig(format="csv", train=names, label="label")
    return column_types(config, list_files(config.train, "train"))


def test_headers_must_agree_but_for_the_order(tmp_path):
    assert list(headers(tmp_path, b"label,a,b\n", b"b,label,a,more\n")) == ["label", "a", "b"]
    with pytest.raises(DataError, match=r"1\.csv: column 'b' is missing, though .*0\.csv has it"):
        headers(tmp_path, b"label,a,b\n", b"label,a\n")
    with pytest.raises(DataError, match=r"0\.csv: column 'a' appears twice"):
        headers(tmp_path, b"label,a,a\n")


def types_of(tmp_path, *columns):
    """The type of column `a` of files with these columns."""
    for number, column in enumerate(columns):
        pq.write_table(pa.table({"a": column}), tmp_path / f"{number}")
    listed = [RawFile(str(tmp_path / str(number)), 1, 0.0) for number in range(len(columns))]
    return column_types(DataConfig(format="parquet", train="x", label="a"), listed)["a"]


def test_types_that_lose_nothing_are_joined(tmp_path):
    assert types_of(tmp_path, pa.array([1], pa.int32()), pa.array([1.0, None]), pa.nulls(1), pa.array([1])) == pa.float64()
    texts = [pa.array(["x"]), pa.array(["x"], pa.large_string()), pa.array([b"x"]), pa.array(["x"]).dictionary_encode()]
    assert types_of(tmp_path, pa.nulls(1), *texts) == pa.string()
    with pytest.raises(DataError, match=r"1: column 'a' is string, but int64 in .*/0, and one type .*write both with one type"):
        types_of(tmp_path, pa.array([1]), pa.array(["x"]))


def test_files_of_joined_types_are_read_alike(tmp_path):
    label = pa.array([0.0, 1.0])
    pq.write_table(pa.table({"label": label, "id": pa.array([3, 4], pa.int32()), "c": ["x", "y"]}), tmp_path / "0")
    floats = pa.array([3.0, None])
    pq.write_table(pa.table({"label": label, "id": floats, "c": pa.array(["x", None], pa.large_string())}), tmp_path / "1")
    pq.write_table(pa.table({"label": label, "id": pa.array([3, 2**53 + 1]), "c": pa.nulls(2)}), tmp_path / "2")
    config = DataConfig(format="parquet", train=f"{tmp_path}/*", label="label")
    rows, rejected = read_all(config, [Input("label", "float32"), Input("id", "int64"), Input("c", "string")])
    assert [row["id"] for row in rows] == [3, 4, 3, MISSING_INT, 3, 2**53 + 1]
    assert [row["c"] for row in rows] == ["x", "y", "x", "", "", ""]
    assert not rejected


def test_a_weight_must_be_a_number_from_zero_on(tmp_path):
    path = write(tmp_path / "a", b"1\t0\tx\n1\t-1\tx\n1\t\tx\n")
    rows, rejected = read_all(data(path, weight="n"))
    assert [row["n"] for row in rows] == [0.0]
    assert {r.reason for r in rejected} == {"column 'n': the weight is missing or negative"}


def test_the_first_rows_have_all_columns_as_they_are(tmp_path):
    path = write(tmp_path / "a", b"1\t 2\tx\n0\tNA\n1\t\ty\n0\t3\tz\n")
    table, rejected = first_rows(data(path), str(path), 2)
    assert table.to_pydict() == {"label": ["1", "1"], "n": [" 2", None], "c": ["x", "y"]}
    assert rejected == 1
    config = write_parquet(
        tmp_path / "p", i=pa.array([1, None, 3], pa.int32()), t=pa.array(["a", "b", "a"]).dictionary_encode()
    )
    table, rejected = first_rows(config, str(tmp_path / "p"), 2)
    assert table.to_pydict() == {"label": [1.0, 0.0], "i": [1, None], "t": ["a", "b"]}
    assert rejected == 0


def test_a_file_without_rows_has_its_columns(tmp_path):
    path = write(tmp_path / "a.tsv", b"label\tn\tc\n")
    table, _ = first_rows(data(path, header=True, columns=[]), str(path), 10)
    assert (table.num_rows, table.column_names) == (0, ["label", "n", "c"])


def test_rows_that_are_lost_are_an_error_that_names_file_and_offset(tmp_path, monkeypatch):
    path = write(tmp_path / "a", b"1\t2\tx\n0\t3\ty\n")
    parse = delimited._typed

    def lose_a_row(*arguments):
        table = parse(*arguments)
        return table.slice(1)

    monkeypatch.setattr(delimited, "_typed", lose_a_row)
    monkeypatch.setattr(delimited.Block, "has_rows", lambda block, count: True)
    monkeypatch.setattr(delimited, "RawTable", lambda *fields: RawTable(*fields[:3], 2, *fields[4:]))
    with pytest.raises(DataError, match=r"a: has 2 rows from offset 0 to 12, but 1 were read and 0 rejected"):
        read_all(data(path))

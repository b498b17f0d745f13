import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.data_config import DataConfig
from features.errors import DataError
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
    names = [str(write(tmp_path / f"{place}.csv", line)) for place, line in enumerate(lines)]
    config = DataConfig(format="csv", train=names, label="label")
    return column_types(config, list_files(config.train, "train"))


def test_headers_must_agree_but_for_the_order(tmp_path):
    assert list(headers(tmp_path, b"label,a,b\n", b"b,label,a,more\n")) == ["label", "a", "b"]
    with pytest.raises(DataError, match=r"1\.csv: column 'b' is missing, though .*0\.csv has it"):
        headers(tmp_path, b"label,a,b\n", b"label,a\n")
    with pytest.raises(DataError, match=r"0\.csv: column 'a' appears twice"):
        headers(tmp_path, b"label,a,a\n")


def test_parquet_types_must_agree(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2")
    files = [RawFile(str(tmp_path / name), 1, 0.0) for name in ("1", "2")]
    with pytest.raises(DataError, match=r"2: column 'a' is string, but int64 in .*write both with one type"):
        column_types(DataConfig(format="parquet", train="x", label="a"), files)


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

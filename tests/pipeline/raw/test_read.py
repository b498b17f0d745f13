import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import DataConfig
from features.errors import DataError
from features.inputs import MISSING_INT, Input
from pipeline.raw import delimited, shards
from pipeline.raw.read import column_types, read
from pipeline.raw.shards import File, list_files, plan_shards

INPUTS = [Input("label", "float32"), Input("n", "float32"), Input("c", "string")]


def data(path, **fields):
    known = {"format": "tsv", "train": str(path), "label": "label", "header": False, "columns": ["label", "n", "c"]}
    return DataConfig(**{**known, "quoted": False, **fields})


def read_all(config, inputs=INPUTS):
    """Rows, in order, and refused rows, of all shards."""
    listed = list_files(config.train, "train")
    rows, refused = [], []
    for shard in plan_shards(config, {"train": listed}):
        for piece in shard.pieces:
            for part in read(config, inputs, piece):
                rows += part.table.to_pylist()
                refused += part.refused
    return rows, refused


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [1, 2, 7, 8, 13, 50, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("header", [False, True])
def test_pieces_of_any_size_give_every_row_once_and_in_order(tmp_path, monkeypatch, size, end, header):
    monkeypatch.setattr(shards, "PIECE_BYTES", size)
    monkeypatch.setattr(shards, "SHARD_BYTES", 3 * size)
    lines = [b"%d\t%d\tv%d" % (row % 2, row * 37 % 1009, row) for row in range(60)]
    text = end.join([b"label\tn\tc"] * header + lines)
    for name, content in (("open", text), ("closed", text + end)):
        fields = {"header": True, "columns": []} if header else {}
        rows, refused = read_all(data(write(tmp_path / name, content), **fields))
        assert not refused
        assert [row["c"] for row in rows] == [f"v{row}" for row in range(60)]
        assert [row["n"] for row in rows] == [row * 37 % 1009 for row in range(60)]


def test_rows_have_numbers_of_their_own_whatever_the_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "PIECE_BYTES", 64)
    config = data(write(tmp_path / "a", b"".join(b"0\t%d\tv\n" % row for row in range(200))))
    pieces = plan_shards(config, {"train": list_files(config.train, "train")})[0].pieces
    keys = [key for piece in pieces for rows in read(config, INPUTS, piece) for key in rows.keys(3)]
    assert len(set(keys)) == len(keys) > 20


@pytest.mark.parametrize("block", [40, 1 << 20])
def test_a_gzip_file_reads_as_the_plain_one(tmp_path, monkeypatch, block):
    monkeypatch.setattr(delimited, "PIECE_BYTES", block)
    text = b"label\tn\tc\n" + b"".join(b"%d\t%d\tv%d\n" % (row % 2, row, row) for row in range(500))
    plain, packed = write(tmp_path / "a.tsv", text), write(tmp_path / "a.tsv.gz", gzip.compress(text))
    fields = {"header": True, "columns": []}
    assert read_all(data(packed, **fields)) == read_all(data(plain, **fields))


def test_quotes_hold_delimiters_only_where_the_config_says_so(tmp_path):
    path = write(tmp_path / "a.csv", b'label,n,c\n1,2,"a,b"\n0,3,"say ""hi"""\n1,4,plain\n')
    rows, refused = read_all(data(path, format="csv", quoted=True, header=True, columns=[]))
    assert [row["c"] for row in rows] == ["a,b", 'say "hi"', "plain"]
    assert not refused
    rows, refused = read_all(data(path, format="csv", quoted=False, header=True, columns=[]))
    assert [row["c"] for row in rows] == ['"say ""hi"""', "plain"]
    assert [(r.offset, r.row, r.reason) for r in refused] == [(10, b'1,2,"a,b"', "4 fields, not 3")]


MULTILINE = {"format": "csv", "quoted": "multiline", "header": True, "columns": []}


@pytest.mark.parametrize("size", [64, 200, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_quoted_fields_hold_newlines_where_the_config_says_so(tmp_path, monkeypatch, size, packed):
    monkeypatch.setattr(delimited, "PIECE_BYTES", size)
    texts = [f'{row},\n"x"\n\n' if row % 3 else f"v{row}" for row in range(200)]
    lines = [b'%d,%d,"%s"\n' % (row % 2, row, text.replace('"', '""').encode()) for row, text in enumerate(texts)]
    lines.insert(150, b'1,bad,"two\nlines"\n')
    lines.insert(50, b'1,7,"a\nb",too many\n')
    text = b"label,n,c\n" + b"".join(lines)
    path = write(tmp_path / ("a.csv.gz" if packed else "a.csv"), gzip.compress(text) if packed else text)
    rows, refused = read_all(data(path, **MULTILINE))
    assert [row["c"] for row in rows] == texts
    assert [row["n"] for row in rows] == list(range(200))
    start = [10 + sum(len(line) for line in lines[:row]) for row in (50, 151)]
    assert [(r.offset, r.row) for r in refused] == [(start[0], lines[50][:-1]), (start[1], lines[151][:-1])]
    assert [r.reason for r in refused] == ["4 fields, not 3", "column 'n': not a number"]


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_a_quote_that_is_never_closed_is_one_clear_error(tmp_path, monkeypatch, block):
    monkeypatch.setattr(delimited, "PIECE_BYTES", block)
    path = write(tmp_path / "a.csv", b'label,n,c\n1,2,x\n1,3,"open\n' + b"0,4,y\n" * 100)
    with pytest.raises(DataError, match=r"a\.csv: the row at byte [0-9]+ has a quote that is not closed; mend it"):
        read_all(data(path, **MULTILINE))


def test_missing_tokens_are_missing_in_text_and_numbers(tmp_path):
    path = write(tmp_path / "a", b"1\tNA\tx\n0\t\tNA\n1\t3\t\n")
    rows, refused = read_all(data(path, missing=["NA"]))
    assert not refused
    assert [row["c"] for row in rows] == ["x", "", ""]
    np.testing.assert_array_equal([row["n"] for row in rows], [np.nan, np.nan, 3])


BAD_ROWS = {
    b"1\t2\tx\ty": "4 fields, not 3",
    b"1\t2": "2 fields, not 3",
    b"1\tabc\tx": "column 'n': not a number",
    b"1\t2\t\xff\xfe": "column 'c': invalid UTF-8",
    b"1\t1e99\tx": "column 'n': not a finite number of 32 bits",
    b"2\t2\tx": "column 'label': the label is not 0 or 1",
    b"\t2\tx": "column 'label': the label is not 0 or 1",
    b"yes\t2\tx": "column 'label': not a number",
}


@pytest.mark.parametrize("bad", BAD_ROWS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_malformed_row_is_refused_as_it_was_and_no_other(tmp_path, bad, packed):
    good = [b"%d\t%d\tv%d" % (row % 2, row, row) for row in range(300)]
    text = b"\n".join([*good[:100], b"", bad, *good[100:]]) + b"\n"
    path = write(tmp_path / ("a.gz" if packed else "a"), gzip.compress(text) if packed else text)
    rows, refused = read_all(data(path))
    assert [row["c"] for row in rows] == [f"v{row}" for row in range(300)]
    offset = sum(len(line) + 1 for line in good[:100]) + 1
    assert [(r.offset, r.row, r.reason) for r in refused] == [(offset, bad, BAD_ROWS[bad])]


def test_many_kinds_of_malformed_rows_together(tmp_path):
    lines = [line for bad in BAD_ROWS for line in (b"0\t 7 \tgood", bad)]
    rows, refused = read_all(data(write(tmp_path / "a", b"\n".join(lines))))
    assert len(rows) == len(BAD_ROWS)
    assert {row["n"] for row in rows} == {7.0}
    assert {r.row: r.reason for r in refused} == BAD_ROWS
    text = b"\n".join(lines)
    assert all(text[r.offset : r.offset + len(r.row)] == r.row for r in refused)


def test_a_row_longer_than_a_block_is_read(tmp_path):
    rows, refused = read_all(data(write(tmp_path / "a", b"1\t2\tx\n0\t3\t" + b"y" * (3 << 20) + b"\n1\t4\tz\n")))
    assert [len(row["c"]) for row in rows] == [1, 3 << 20, 1]
    assert not refused


def parquet(path, **columns):
    pq.write_table(pa.table({"label": [1.0, 0.0, 1.0], **columns}), path)
    return DataConfig(format="parquet", train=str(path), label="label")


def test_parquet_values_that_do_not_fit_are_refused_by_row(tmp_path):
    text = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(np.array([0, 1, 3, 4], np.int32)), pa.py_buffer(b"a\xff\xfeb")]
    )
    config = parquet(tmp_path / "a", i=pa.array([1, 2, 2**63], pa.uint64()), t=text)
    rows, refused = read_all(config, [Input("label", "float32"), Input("i", "int64"), Input("t", "string")])
    assert rows == [{"label": 1.0, "i": 1, "t": "a"}]
    reasons = ["column 't': invalid UTF-8", "column 'i': not a whole number of 64 bits"]
    assert [(r.offset, r.reason) for r in refused] == [(1, reasons[0]), (2, reasons[1])]
    assert refused[1].row == b'{"label": 1.0, "i": 9223372036854775808, "t": "b"}'


def test_whole_floats_are_ids_and_nan_is_missing(tmp_path):
    config = parquet(tmp_path / "a", i=pa.array([7.0, float("nan"), 1.5]))
    rows, refused = read_all(config, [Input("label", "float32"), Input("i", "int64")])
    assert [row["i"] for row in rows] == [7, MISSING_INT]
    assert [r.reason for r in refused] == ["column 'i': not a whole number of 64 bits"]


def test_a_weight_must_be_a_number_from_zero_on(tmp_path):
    path = write(tmp_path / "a", b"1\t0\tx\n1\t-1\tx\n1\t\tx\n")
    rows, refused = read_all(data(path, weight="n"))
    assert [row["n"] for row in rows] == [0.0]
    assert {r.reason for r in refused} == {"column 'n': the weight is missing or negative"}


def test_lists_are_padded_and_cut_and_text_lists_of_weights_are_split(tmp_path):
    config = parquet(tmp_path / "a", v=pa.array([[1, 2, 3], None, []], pa.list_(pa.int64())))
    rows, _ = read_all(config, [Input("label", "float32"), Input("v", "int64", 2)])
    assert [row["v"] for row in rows] == [[1, 2], [MISSING_INT] * 2, [MISSING_INT] * 2]
    path = write(tmp_path / "b", b"1\t0\t0.5|2\n1\t0\t\n0\t0\t0.5|x\n")
    rows, refused = read_all(data(path), [Input("label", "float32"), Input("c", "float32", 3, "|")])
    np.testing.assert_array_equal([row["c"] for row in rows], [[0.5, 2, np.nan], [np.nan] * 3])
    assert [r.reason for r in refused] == ["column 'c': not a number"]


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


def test_columns_are_found_by_name_whatever_their_order(tmp_path):
    write(tmp_path / "1.tsv", b"label\tn\tc\n1\t2\tx\n")
    write(tmp_path / "2.tsv", b"c\tlabel\tn\ny\t0\t3\n")
    rows, _ = read_all(data(tmp_path / "*.tsv", header=True, columns=[]))
    assert rows == [{"label": 1.0, "n": 2.0, "c": "x"}, {"label": 0.0, "n": 3.0, "c": "y"}]


def test_parquet_types_must_agree(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2")
    files = [File(str(tmp_path / name), 1, 0.0) for name in ("1", "2")]
    with pytest.raises(DataError, match=r"2: column 'a' is string, but int64 in .*write both with one type"):
        column_types(DataConfig(format="parquet", train="x", label="a"), files)


def test_parquet_row_groups_are_cut_into_shards_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_ROWS", 250)
    pq.write_table(pa.table({"label": [0.0, 1.0] * 500, "n": list(range(1000))}), tmp_path / "a", row_group_size=100)
    config = DataConfig(format="parquet", train=str(tmp_path / "a"), label="label")
    planned = plan_shards(config, {"train": list_files(config.train, "train")})
    assert [(s.pieces[0].start, s.pieces[0].stop) for s in planned] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [row["n"] for row in read_all(config, INPUTS[:2])[0]] == list(range(1000))

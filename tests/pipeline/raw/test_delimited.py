import gzip

import numpy as np
import pytest

from features.errors import DataError
from pipeline.raw import delimited
from pipeline.raw import lines as line_module
from pipeline.raw.piece import RawFile
from tests.pipeline.raw.raw_files import data, read_all, write


@pytest.mark.parametrize("size", [1, 2, 7, 8, 13, 50, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("header", [False, True])
def test_pieces_of_any_size_give_every_row_once_and_in_order(tmp_path, monkeypatch, size, end, header):
    monkeypatch.setattr(delimited, "PIECE_BYTES", size)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 3 * size)
    lines = [b"%d\t%d\tv%d" % (row % 2, row * 37 % 1009, row) for row in range(60)]
    text = end.join([b"label\tn\tc"] * header + lines)
    for name, content in (("open", text), ("closed", text + end)):
        fields = {"header": True, "columns": []} if header else {}
        rows, rejected = read_all(data(write(tmp_path / name, content), **fields))
        assert not rejected
        assert [row["c"] for row in rows] == [f"v{row}" for row in range(60)]
        assert [row["n"] for row in rows] == [row * 37 % 1009 for row in range(60)]


@pytest.mark.parametrize("block", [40, 1 << 20])
def test_a_gzip_file_reads_as_the_plain_one(tmp_path, monkeypatch, block):
    monkeypatch.setattr(line_module, "PIECE_BYTES", block)
    text = b"label\tn\tc\n" + b"".join(b"%d\t%d\tv%d\n" % (row % 2, row, row) for row in range(500))
    plain, packed = write(tmp_path / "a.tsv", text), write(tmp_path / "a.tsv.gz", gzip.compress(text))
    fields = {"header": True, "columns": []}
    assert read_all(data(packed, **fields)) == read_all(data(plain, **fields))


def test_quotes_hold_delimiters_only_where_the_config_says_so(tmp_path):
    path = write(tmp_path / "a.csv", b'label,n,c\n1,2,"a,b"\n0,3,"say ""hi"""\n1,4,plain\n')
    rows, rejected = read_all(data(path, format="csv", quoted=True, header=True, columns=[]))
    assert [row["c"] for row in rows] == ["a,b", 'say "hi"', "plain"]
    assert not rejected
    rows, rejected = read_all(data(path, format="csv", quoted=False, header=True, columns=[]))
    assert [row["c"] for row in rows] == ['"say ""hi"""', "plain"]
    assert [(r.offset, r.row, r.reason) for r in rejected] == [(10, b'1,2,"a,b"', "4 fields, not 3")]


MULTILINE = {"format": "csv", "quoted": "multiline", "header": True, "columns": []}


@pytest.mark.parametrize("size", [64, 200, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_quoted_fields_hold_newlines_where_the_config_says_so(tmp_path, monkeypatch, size, packed):
    monkeypatch.setattr(line_module, "PIECE_BYTES", size)
    texts = [f'{row},\n"x"\n\n' if row % 3 else f"v{row}" for row in range(200)]
    lines = [b'%d,%d,"%s"\n' % (row % 2, row, text.replace('"', '""').encode()) for row, text in enumerate(texts)]
    lines.insert(150, b'1,bad,"two\nlines"\n')
    lines.insert(50, b'1,7,"a\nb",too many\n')
    text = b"label,n,c\n" + b"".join(lines)
    path = write(tmp_path / ("a.csv.gz" if packed else "a.csv"), gzip.compress(text) if packed else text)
    rows, rejected = read_all(data(path, **MULTILINE))
    assert [row["c"] for row in rows] == texts
    assert [row["n"] for row in rows] == list(range(200))
    start = [10 + sum(len(line) for line in lines[:row]) for row in (50, 151)]
    assert [(r.offset, r.row) for r in rejected] == [(start[0], lines[50][:-1]), (start[1], lines[151][:-1])]
    assert [r.reason for r in rejected] == ["4 fields, not 3", "column 'n': not a number"]


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_a_quote_that_is_never_closed_is_one_clear_error(tmp_path, monkeypatch, block):
    monkeypatch.setattr(line_module, "PIECE_BYTES", block)
    path = write(tmp_path / "a.csv", b'label,n,c\n1,2,x\n1,3,"open\n' + b"0,4,y\n" * 100)
    with pytest.raises(DataError, match=r"a\.csv: the row at byte [0-9]+ has a quote that is not closed; mend it"):
        read_all(data(path, **MULTILINE))


def test_missing_tokens_are_missing_in_text_and_numbers(tmp_path):
    path = write(tmp_path / "a", b"1\tNA\tx\n0\t\tNA\n1\t3\t\n")
    rows, rejected = read_all(data(path, missing=["NA"]))
    assert not rejected
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
def test_a_malformed_row_is_rejected_as_it_was_and_no_other(tmp_path, bad, packed):
    good = [b"%d\t%d\tv%d" % (row % 2, row, row) for row in range(300)]
    text = b"\n".join([*good[:100], b"", bad, *good[100:]]) + b"\n"
    path = write(tmp_path / ("a.gz" if packed else "a"), gzip.compress(text) if packed else text)
    rows, rejected = read_all(data(path))
    assert [row["c"] for row in rows] == [f"v{row}" for row in range(300)]
    offset = sum(len(line) + 1 for line in good[:100]) + 1
    assert [(r.offset, r.row, r.reason) for r in rejected] == [(offset, bad, BAD_ROWS[bad])]


def test_many_kinds_of_malformed_rows_together(tmp_path):
    lines = [line for bad in BAD_ROWS for line in (b"0\t 7 \tgood", bad)]
    rows, rejected = read_all(data(write(tmp_path / "a", b"\n".join(lines))))
    assert len(rows) == len(BAD_ROWS)
    assert {row["n"] for row in rows} == {7.0}
    assert {r.row: r.reason for r in rejected} == BAD_ROWS
    text = b"\n".join(lines)
    assert all(text[r.offset : r.offset + len(r.row)] == r.row for r in rejected)


def test_a_row_longer_than_a_block_is_read(tmp_path):
    rows, rejected = read_all(data(write(tmp_path / "a", b"1\t2\tx\n0\t3\t" + b"y" * (3 << 20) + b"\n1\t4\tz\n")))
    assert [len(row["c"]) for row in rows] == [1, 3 << 20, 1]
    assert not rejected


def test_columns_are_found_by_name_whatever_their_order(tmp_path):
    write(tmp_path / "1.tsv", b"label\tn\tc\n1\t2\tx\n")
    write(tmp_path / "2.tsv", b"c\tlabel\tn\ny\t0\t3\n")
    rows, _ = read_all(data(tmp_path / "*.tsv", header=True, columns=[]))
    assert rows == [{"label": 1.0, "n": 2.0, "c": "x"}, {"label": 0.0, "n": 3.0, "c": "y"}]


@pytest.mark.parametrize(("suffix", "content", "rows"), [(".csv", b"a,b\n" * 5000, 5000), (".csv", b"x" * 5000, 25)])
def test_rows_are_estimated_from_the_lines_at_the_start(tmp_path, suffix, content, rows):
    path = write(tmp_path / f"rows{suffix}", content)
    assert delimited.estimate_rows(data(path), RawFile(str(path), len(content), 0.0)) == rows


def test_rows_of_a_compressed_file_are_estimated_from_its_decompressed_start(tmp_path):
    content = gzip.compress(b"a,b\n" * 5000)
    path = write(tmp_path / "rows.csv.gz", content)
    assert delimited.estimate_rows(data(path), RawFile(str(path), len(content), 0.0)) == len(content) * 4 // 4

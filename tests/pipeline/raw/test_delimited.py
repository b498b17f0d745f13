import gzip

import numpy as np
import pytest

from features.errors import DataError
from features.inputs import Input
from pipeline.raw import delimited
from pipeline.raw import lines as line_module
from pipeline.raw.block import LONE_RETURN, UNCLOSED
from pipeline.raw.piece import RawFile
from pipeline.raw.read import column_types
from pipeline.raw.shards import list_files
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
    b"1\t2\t\xff\xfe": "column 'c': not utf-8 (see data.encoding)",
    b"1\t1e99\tx": "column 'n': not a finite number of 32 bits",
    b"2\t2\tx": "column 'label': the label is not 0 or 1 (see data.positive)",
    b"\t2\tx": "column 'label': the label is empty or -1 (see data.unlabelled and data.positive)",
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


CSV = {"format": "csv", "quoted": True}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("field", [1, 2])
def test_a_stray_quote_concerns_its_row_alone(tmp_path, packed, field):
    lines = [b"%d,%d,v%d" % (row % 2, row, row) for row in range(200_000)]
    stray = [5000, 66_000, 199_999]
    for row in stray:
        fields = lines[row].split(b",")
        fields[field] = b'"' + fields[field]
        lines[row] = b",".join(fields)
    text = b"\n".join(lines) + b"\n"
    path = write(tmp_path / ("a.csv.gz" if packed else "a.csv"), gzip.compress(text, 1) if packed else text)
    rows, rejected = read_all(data(path, **CSV))
    assert [row["n"] for row in rows] == [row for row in range(200_000) if row not in stray]
    expected = [(text.index(lines[row]), lines[row], UNCLOSED) for row in stray]
    assert [(r.offset, r.row, r.reason) for r in rejected] == expected


def test_every_line_may_have_a_stray_quote(tmp_path):
    lines = [b'%d,%d,"v%d' % (row % 2, row, row) for row in range(1000)]
    rows, rejected = read_all(data(write(tmp_path / "a", b"\n".join(lines)), **CSV))
    assert rows == []
    assert [r.row for r in rejected] == lines


def test_a_stray_quote_in_the_last_line_of_a_megabyte_is_no_exception(tmp_path):
    """Arrow parses a megabyte at once: a quote that opens the last field of its last line changes no number of rows."""
    lines = [b"%d,%d,%s" % (row % 2, row, b"v" * 50) for row in range(30_000)]
    size = np.cumsum([len(line) + 1 for line in lines])
    last = int(np.searchsorted(size, 1 << 20, side="right")) - 1
    for row in (last - 1, last, last + 1, len(lines) - 1):
        broken = [*lines[:row], lines[row].replace(b",v", b',"', 1), *lines[row + 1 :]]
        rows, rejected = read_all(data(write(tmp_path / "a", b"\n".join(broken) + b"\n"), **CSV))
        assert len(rows) == len(lines) - 1
        assert [(r.row, r.reason) for r in rejected] == [(broken[row], UNCLOSED)]


@pytest.mark.parametrize("bad", [b"0,100\rv,x", b"\r0,5,x", b'0,5,"a\rb"', b"0,5\rx", b"\rx"])
def test_a_carriage_return_within_a_row_is_one_reject(tmp_path, bad):
    lines = [b"%d,%d,v%d" % (row % 2, row, row) for row in range(300)]
    text = b"\n".join([*lines[:100], bad, *lines[100:]]) + b"\n"
    rows, rejected = read_all(data(write(tmp_path / "a", text), **CSV))
    assert [(r.offset, r.row, r.reason) for r in rejected] == [(text.index(bad), bad, LONE_RETURN)]
    assert [row["n"] for row in rows] == list(range(300))


def test_line_ends_of_a_file_that_was_converted_twice(tmp_path):
    text = b"".join(b"%d,%d,v%d\r\r\n" % (row % 2, row, row) for row in range(300))
    rows, rejected = read_all(data(write(tmp_path / "a", text), **CSV))
    assert [row["c"] for row in rows] == [f"v{row}" for row in range(300)]
    assert not rejected


def test_bad_text_beside_a_wrong_number_of_fields_is_a_reject(tmp_path):
    text = b"1,2,x\n1,\xe9\n0,3,\xe9\n0,4,y\n"
    rows, rejected = read_all(data(write(tmp_path / "a", text), **CSV))
    assert [row["n"] for row in rows] == [2, 4]
    reasons = {b"1,\xe9": "2 fields, not 3", b"0,3,\xe9": "column 'c': not utf-8 (see data.encoding)"}
    assert {r.row: r.reason for r in rejected} == reasons


@pytest.mark.parametrize("encoding", ["latin1", "cp1252", "utf-16", "utf-8-sig", "utf-16-le", "shift_jis", "gb18030"])
def test_text_of_every_encoding_is_read(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 1000)
    monkeypatch.setattr(line_module, "PIECE_BYTES", 1000)
    word = {"shift_jis": "ソ能表", "gb18030": "中文字"}.get(encoding, "Köln")
    lines = [f"{row % 2}|{row}|{word}{row}" for row in range(500)]
    content = "\n".join([f"label|n|{word}", *lines]).encode(encoding)
    config = data(write(tmp_path / "a", content), header=True, columns=[], delimiter="|", encoding=encoding)
    assert list(column_types(config, list_files(config.train, "train"))) == ["label", "n", word]
    rows, rejected = read_all(config, [Input("label", "float32"), Input("n", "float32"), Input(word, "string")])
    assert [row[word] for row in rows] == [f"{word}{row}" for row in range(500)]
    assert not rejected


def test_bytes_that_their_encoding_does_not_know_are_rejects(tmp_path):
    text = b"1,2,caf\xe9\n1,3,\x81\n"  # 0x81 is no character of cp1252
    rows, rejected = read_all(data(write(tmp_path / "a", text), **CSV, encoding="cp1252"))
    assert [row["c"] for row in rows] == ["café"]
    reason = "column 'c': not cp1252 (see data.encoding)"
    assert [(r.offset, r.row, r.reason) for r in rejected] == [(9, b"1,3,\x81", reason)]


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_value(tmp_path):
    bom = b"\xef\xbb\xbf"
    rows, rejected = read_all(data(write(tmp_path / "a", bom + b"1,2,x\n0,3\n"), **CSV))
    assert [(row["label"], row["c"]) for row in rows] == [(1.0, "x")]
    assert [r.offset for r in rejected] == [9]
    rows, _ = read_all(data(write(tmp_path / "b", bom + b'"label",n,c\n1,2,x\n'), **CSV, header=True, columns=[]))
    assert [(row["label"], row["c"]) for row in rows] == [(1.0, "x")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("quoted", [True, False, "multiline"])
def test_every_line_is_a_row_or_a_reject_whatever_it_holds(tmp_path, monkeypatch, end, quoted):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 300)
    rng = np.random.default_rng(1)
    signs = np.array([b"1", b",", b",", b'"', b"x", b"\r", b" ", b"\xe9", "é".encode()], object)
    signs = signs[signs != b'"'] if quoted == "multiline" else signs
    for _ in range(30):
        lines = [b"".join(rng.choice(signs, rng.integers(0, 12))) for _ in range(60)]
        lines = [line if rng.random() < 0.4 else b'%d,%d,"a,b"' % (row % 2, row) for row, line in enumerate(lines)]
        path = write(tmp_path / "a", end.join(lines) + end)
        rows, rejected = read_all(data(path, format="csv", quoted=quoted))
        assert len(rows) + len(rejected) == sum(bool(line.strip(b"\r")) for line in lines)
        text = path.read_bytes()
        assert all(text[r.offset :].startswith(r.row) for r in rejected)


def test_a_quote_within_a_field_that_hides_where_rows_end_is_an_error_with_its_place(tmp_path):
    """By the number of its quotes this is one row; Arrow, which passes over quotes within a field, sees two."""
    path = write(tmp_path / "a.csv", b'label,n,c\n1,2,"b\n0,3,x\n1,4,"c,d"\n0,5,y"\n')
    with pytest.raises(DataError, match=r"a\.csv: .* a quote within a field, between the bytes 10 and 40, hides where"):
        read_all(data(path, **MULTILINE))

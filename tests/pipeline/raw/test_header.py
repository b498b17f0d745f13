import gzip

import pytest

from features.errors import DataError
from pipeline.raw.header import read_header
from tests.pipeline.raw.raw_files import data, write


def names(path, **fields):
    return read_header(data(path, **{"format": "csv", "quoted": True, "header": True, "columns": [], **fields}), str(path))


@pytest.mark.parametrize(
    ("head", "expected", "size"),
    [
        (b"label,n\n1,2\n", ["label", "n"], 8),
        (b"label,n", ["label", "n"], 7),
        (b"label,n\r\n", ["label", "n"], 9),
        (b"\n\r\nlabel,n\n", ["label", "n"], 11),
        (b'\xef\xbb\xbf"a b","c,d"\n1,2\n', ["a b", "c,d"], 15),
        ("日本,é\n".encode(), ["日本", "é"], 10),
        (b",a\n0,1\n", ["", "a"], 3),
        (b"\n\n", [], 2),
    ],
)
def test_names_and_where_the_rows_begin(tmp_path, head, expected, size):
    assert names(write(tmp_path / "a.csv", head)) == (expected, size)


def test_a_name_may_hold_newlines_where_the_config_allows_them(tmp_path):
    path = write(tmp_path / "a.csv", b'"a\nb",c\n1,2\n')
    assert names(path, quoted="multiline") == (["a\nb", "c"], 8)


def test_names_come_from_the_config_where_there_is_no_header(tmp_path):
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbf1,2,3\n")
    assert names(path, header=False, columns=["x", "y"]) == (["x", "y"], 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"label,caf\xe9\n", r"header is not utf-8 \(byte 9 is 0xe9\); set data\.encoding, perhaps to latin1"),
        ("label,café\n".encode("utf-16"), r"header is not utf-8 .*; set data\.encoding, perhaps to utf-16"),
        (b"label,n\r1,2\r", r"its lines end in carriage returns alone; write newlines \(tr "),
        (b'label,"n\n1,2\n', "header has a quote that is not closed"),
        (b"PK\x03\x04", "is an archive, or compressed though its name does not say so; unpack or rename it"),
        (gzip.compress(b"label,n\n", mtime=0), "is an archive, or compressed"),
        (b"PAR1\x15\x04", r"is a Parquet file, not csv; set data\.format, or leave it out of the pattern"),
    ],
)
def test_headers_that_cannot_be_read_are_named_with_a_remedy(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"a\.csv: .*{message}"):
        names(write(tmp_path / "a.csv", content))


def test_a_long_header_is_read_whole(tmp_path):
    many = [f"column{number}" for number in range(50_000)]
    assert names(write(tmp_path / "a.csv", ",".join(many).encode() + b"\n1,2\n"))[0] == many

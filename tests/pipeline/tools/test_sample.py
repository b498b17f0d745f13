"""The sample of new data: how files are written is found out, and what stands for no value."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError
from pipeline.tools.sample import NoRowsError, read, spread
from pipeline.tools.text_layout import CRITEO


def written(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


@pytest.mark.parametrize(
    ("name", "text", "form", "delimiter", "header"),
    [
        ("a.csv", "label,x\n1,2\n0,3\n", "csv", ",", True),
        ("a.txt", "label;x\n1;2\n0;3\n", "csv", ";", True),
        ("a.txt", "label|x\n1|2\n0|3\n", "csv", "|", True),
        ("a.tsv", "label\tx\n1\t2\n0\t3\n", "tsv", "\t", True),
        ("a.csv", "1,2\n0,3\n", "csv", ",", False),
        ("a.csv", "a,b\nb,a\na,b\n", "csv", ",", False),  # the first line comes again: values, no names
        ("a.csv", "\ufefflabel,x\r\n1,2\r\n0,3\r\n", "csv", ",", True),
    ],
)
def test_delimiter_and_header_are_found(tmp_path, name, text, form, delimiter, header):
    sample = read(written(tmp_path / name, text), 100)
    assert (sample.data.format, sample.data.separator, sample.data.header) == (form, delimiter, header)
    names = {True: ["label", "x"], False: ["column0", "column1"]}[header]
    assert sample.table.column_names == names
    assert sample.table.num_rows == 2 + (text[0] == "a")
    assert sample.bad_rows == 0


def test_forty_columns_with_a_label_in_front_are_criteos(tmp_path):
    lines = ["\t".join(["1", *map(str, range(13)), *(f"x{n}" for n in range(26))]) for _ in range(3)]
    sample = read(written(tmp_path / "day.txt", "\n".join(lines) + "\n"), 100)
    assert sample.table.column_names == CRITEO
    assert (sample.table["I13"].to_pylist(), sample.table["C1"].to_pylist()) == ([12] * 3, ["x0"] * 3)


def test_texts_become_numbers_where_all_are_and_marks_of_no_value_are_found(tmp_path):
    lines = ["whole,gaps,real,zip,long,word"]
    lines += [f"{n},{n if n % 2 else 'NA'},{n / 2},0{n},{10**18 + n}9,w{n}" for n in range(4)]
    sample = read(written(tmp_path / "a.csv", "\n".join(lines) + "\n"), 100)
    types = {name: str(kind) for name, kind in zip(sample.table.column_names, sample.table.schema.types, strict=True)}
    assert types == {
        "whole": "int64",
        "gaps": "int64",
        "real": "double",
        "zip": "string",
        "long": "string",
        "word": "string",
    }
    assert sample.table["gaps"].to_pylist() == [None, 1, None, 3]
    assert sample.missing == ("NA",)


def test_rows_that_do_not_fit_are_counted_and_packed_files_are_read(tmp_path):
    text = "label,x\n" + "1,2\n" * 50 + "1,2,3\n" + "0,4\n" * 50
    path = written(tmp_path / "a.csv.gz", gzip.compress(text.encode()))
    sample = read(path, 1000)
    assert (sample.table.num_rows, sample.bad_rows) == (100, 1)
    assert read(path, 10).table.num_rows == 10


def test_parquet_has_types_of_its_own(tmp_path):
    table = pa.table({"code": pa.array(["a", "b", None]).dictionary_encode(), "gaps": pa.array([1.0, None, 3.0])})
    pq.write_table(table, tmp_path / "a.parquet")
    sample = read(str(tmp_path / "a.parquet"), 2)
    assert (sample.data.format, sample.table.num_rows, sample.missing) == ("parquet", 2, ())


def test_first_and_last_files_are_put_together(tmp_path):
    paths = [written(tmp_path / f"{n}.csv", f"label,code\n1,{n}\n0,{'x' if n == 9 else n}\n") for n in range(10)]
    sample = spread(paths, 100)
    assert sample.table["code"].to_pylist() == ["0", "0", "3", "3", "6", "6", "9", "x"]
    other = written(tmp_path / "z.csv", "label,other\n1,2\n0,3\n")
    assert spread([paths[0], other], 100).table.to_pylist() == [{"label": 1, "code": 0}, {"label": 0, "code": 0}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; winnow needs rows to look at"),
        ("label,x\n", "has no rows below its header; winnow needs some to look at"),
        ("one\ntwo\nthree\n", "lines are not divided alike by tab, comma, semicolon or |"),
        ("x,x\n1,2\n2,3\n", "row 1 names column 'x' twice; give every column a name of its own"),
        (b"PAR1 and no more", "cannot be read"),
    ],
)
def test_what_cannot_be_sampled_is_named(tmp_path, content, message):
    path = written(tmp_path / "a.csv", content)
    with pytest.raises(DataError) as refused:
        read(path, 100)
    assert str(refused.value).startswith(f"{path}: {message}")


HEADER = b"label,n,word\n"
ROWS = b"".join(b"%d,%d,w%d\n" % (row % 2, row, row % 5) for row in range(100))


def test_a_part_without_rows_gives_its_place_to_the_next(tmp_path):
    contents = [HEADER, HEADER + ROWS, HEADER, HEADER, HEADER + ROWS, HEADER]
    paths = [written(tmp_path / f"{number}.csv", content) for number, content in enumerate(contents)]
    sample = spread(paths, 40)
    assert sample.table.num_rows == 20
    assert sample.table.schema.field("n").type == pa.int64()
    with pytest.raises(NoRowsError, match=r"0\.csv: has no rows below its header; winnow needs some to look at"):
        spread(paths[:1], 40)


def test_rows_that_cannot_be_read_are_counted(tmp_path):
    rows = ROWS.replace(b"0,4,w4", b'0,4,"w4').replace(b"1,7,w2", b"1,7")
    sample = read(written(tmp_path / "a.csv", HEADER + rows), 1000)
    assert (sample.table.num_rows, sample.bad_rows) == (98, 2)
    assert sample.table["n"].to_pylist()[3:7] == [3, 5, 6, 8]


def test_texts_of_another_encoding_are_read(tmp_path):
    content = "label,stadt,größe\n" + "".join(f"{row % 2},Köln,{row}\n" for row in range(50))
    sample = read(written(tmp_path / "a.csv", content.encode("latin1")), 1000)
    assert sample.data.encoding == "latin1"
    assert sample.table.column_names == ["label", "stadt", "größe"]
    assert sample.table["stadt"][0].as_py() == "Köln"


def test_columns_of_every_layout_are_plain(tmp_path):
    columns = {
        "label": [0, 1],
        "b": pa.array([b"x", None], pa.large_binary()),
        "raw": pa.array([b"\xff", b"y"]),
        "d": pa.array([1, 2], pa.decimal128(20, 0)),
        "h": pa.array([0.5, 1.5], pa.float16()),
        "hs": pa.array([[0.5], [1.5]], pa.list_(pa.float16(), 1)),
        "n": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    table = read(str(tmp_path / "a.parquet"), 10).table
    assert table.to_pylist() == [
        {"label": 0, "b": "x", "raw": None, "d": 1, "h": 0.5, "hs": [0.5], "n": None},
        {"label": 1, "b": None, "raw": "y", "d": 2, "h": 1.5, "hs": [1.5], "n": None},
    ]
    assert table.schema.field("d").type == pa.int64()


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: cannot be read: "):
        read(str(tmp_path / "none.csv"), 10)

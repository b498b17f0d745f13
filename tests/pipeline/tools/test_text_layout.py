import pytest

from features.errors import DataError
from pipeline.tools.text_layout import CRITEO, find_layout

ROWS = [f"{row % 2},{row},w{row % 7}" for row in range(500)]


def layout(tmp_path, lines, encoding="utf-8", end="\n"):
    (tmp_path / "a.csv").write_bytes(end.join(lines).encode(encoding))
    return find_layout(str(tmp_path / "a.csv"))


@pytest.mark.parametrize(("mark", "form"), [(",", "csv"), ("\t", "tsv"), (";", "csv"), ("|", "csv")])
def test_delimiter_and_header(tmp_path, mark, form):
    lines = ["label,n,word", *ROWS]
    found = layout(tmp_path, [line.replace(",", mark) for line in lines])
    assert (found.format, found.separator, found.header, found.columns, found.encoding) == (form, mark, True, [], "utf-8")
    bare = layout(tmp_path, [line.replace(",", mark) for line in ROWS])
    assert (bare.header, bare.columns) == (False, ["column0", "column1", "column2"])


def test_criteo_is_known_by_its_columns(tmp_path):
    assert layout(tmp_path, ["\t".join(["0", *["1"] * 39]), "\t".join(["1", *["2"] * 39])]).columns == CRITEO


def test_an_open_quote_and_a_stray_carriage_return_hide_no_lines(tmp_path):
    lines = ["label,n,word", *ROWS]
    lines[1], lines[50], lines[60] = '0,1,"open', '1,"2,x', "0,1\r,x"
    assert layout(tmp_path, lines).separator == ","


def test_cells_may_be_long(tmp_path):
    assert layout(tmp_path, ["label,blob", f"0,{'y' * 200_000}", "1,x"]).header


@pytest.mark.parametrize("encoding", ["latin1", "cp1252", "utf-16", "utf-8", "utf-8-sig"])
def test_encodings_are_guessed(tmp_path, encoding):
    word = "Köln\N{RIGHT SINGLE QUOTATION MARK}s" if encoding == "cp1252" else "Köln"
    found = layout(tmp_path, ["label,town", *(f"{row % 2},{word}{row % 3}" for row in range(200))], encoding)
    assert found.encoding == encoding.removesuffix("-sig")
    assert found.header


def test_a_few_broken_lines_do_not_change_the_encoding(tmp_path):
    lines = [b"label,town", *(f"{row % 2},Köln".encode() for row in range(50)), b"0,K\xf6ln", b""]
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    assert find_layout(str(tmp_path / "a.csv")).encoding == "utf-8"


def test_old_line_ends_are_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv: its lines end in carriage returns alone; write newlines \(tr "):
        layout(tmp_path, ["label,n", "0,1", "1,2", ""], end="\r")


def test_newlines_in_quoted_cells_are_told_from_open_quotes(tmp_path):
    notes = ["ok", '"two\nlines"', '"three\n\nlines"', '"a ""word"""']
    lines = ["label,n,note", *(f"{row % 2},{row},{notes[row % 4]}" for row in range(400))]
    found = layout(tmp_path, lines)
    assert (found.quoted, found.separator, found.header) == ("multiline", ",", True)
    strays = [line.replace(",w", ',"w') if row in (3, 50, 51) else line for row, line in enumerate(ROWS)]
    assert layout(tmp_path, ["label,n,word", *strays]).quoted is True

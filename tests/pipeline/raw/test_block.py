import pytest

from pipeline.raw.block import LONE_RETURN, UNCLOSED, Block, end_of_rows
from tests.pipeline.raw.raw_files import data


def block(raw, start=0, **fields):
    return Block(data("a", **{"format": "csv", "quoted": True, **fields}), raw, start)


def test_rows_are_found_by_number_and_blank_lines_are_none():
    rows = block(b"a\n\n\r\nbb\r\nccc", start=100)
    assert rows.locate([0, 1, 2]) == [(100, b"a"), (105, b"bb\r"), (109, b"ccc")]
    assert rows.locate([]) == []
    assert (rows.rows, rows.end) == (3, 112)
    assert rows.has_rows(3)
    assert not rows.has_rows(2)
    assert not rows.has_lone_returns


def test_newlines_within_quotes_end_no_row_where_the_config_allows_them():
    rows = block(b'a,"x\ny"\nb,"say ""hi""\n"\n', quoted="multiline")
    assert rows.locate([0, 1]) == [(0, b'a,"x\ny"'), (8, b'b,"say ""hi""\n"')]
    assert rows.has_rows(2)
    assert not rows.has_rows(4)
    assert end_of_rows(b'a,"x\ny"\nb,"x\n', multiline=True) == 8
    assert end_of_rows(b'a,"x\ny"\nb,"x\n', multiline=False) == 13


@pytest.mark.parametrize(
    "line", [b'1,"open', b'"1,x', b'1,5"x,"open', b'1,"a"" b', b'1,"a,""', b'1,"', b'1,"a","b', b'1,"x"y,"z']
)
def test_a_quote_that_is_not_closed_in_its_line_breaks_that_row_alone(line):
    rows = block(b"1,a\n" + line + b'\n2,"b, ""c"""\n3,d"\n')
    assert rows.broken_rows() == {1: UNCLOSED}
    assert rows.without([1]) == b'1,a\n2,"b, ""c"""\n3,d"\n'
    assert block(line).broken_rows() == {0: UNCLOSED}
    assert block(line, quoted=False).broken_rows() == {}


@pytest.mark.parametrize(
    "line", [b'1,"a,b"', b'1,"a,""b"",c"', b'1,5"', b'1,a"b,"c"', b'"",""', b'1,"a"b"', b'1,"x,"', b'1,"",']
)
def test_quotes_that_are_closed_or_within_a_text_break_nothing(line):
    assert block(b"1,a\n" + line + b"\n2,b\n").broken_rows() == {}


def test_a_carriage_return_within_a_row_breaks_it():
    rows = block(b'1,a\r\n2,b\rc\r\n3,d\r\r\n\r\n4,"e\rf"\n\r5,g\n')
    assert rows.has_lone_returns
    assert rows.broken_rows() == {1: LONE_RETURN, 3: LONE_RETURN, 4: LONE_RETURN}
    assert rows.without(rows.broken_rows()) == b"1,a\r\n3,d\r\r\n\r\n"
    assert block(b'1,"e\rf"\n', quoted="multiline").broken_rows() == {}
    assert block(b'1,"e"\r2\n', quoted="multiline").broken_rows() == {0: LONE_RETURN}


def test_rows_keep_their_bytes_in_every_encoding():
    raw = "1,é\n2,ü|x\n".encode("latin1")
    rows = block(raw, start=7, encoding="latin1")
    assert rows.text == "1,é\n2,ü|x\n".encode()
    assert rows.locate([1]) == [(11, b"2,\xfc|x")]
    assert rows.end == 7 + len(raw)


def test_no_text_has_no_rows():
    assert (block(b"").rows, block(b"\n\r\n").rows) == (0, 0)
    assert block(b"").has_rows(0)
    assert block(b"").broken_rows() == {}

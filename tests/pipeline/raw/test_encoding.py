import pytest

from pipeline.raw.encoding import is_utf8, keeps_lines, line_encoding, open_text, to_utf8
from tests.pipeline.raw.raw_files import write

CUT = [("utf-8", True, True), ("latin1", True, False), ("utf-16", False, False)]


@pytest.mark.parametrize(("encoding", "lines", "utf8"), CUT)
def test_what_is_cut_into_lines_as_it_is(encoding, lines, utf8):
    assert (keeps_lines(encoding), is_utf8(encoding)) == (lines, utf8)
    assert line_encoding(encoding) == (encoding if lines else "utf-8")


def test_text_becomes_utf8_and_other_bytes_stay():
    assert to_utf8(b"caf\xe9", "latin1") == "café".encode()
    assert to_utf8(b"caf\xe9", "utf-8") == b"caf\xe9"
    assert to_utf8(b"\x81\xe9", "cp1252") == b"\x81" + "é".encode()


def test_wide_text_is_transcoded_while_it_is_read(tmp_path):
    path = write(tmp_path / "a", "é\n日".encode("utf-16"))
    with open_text(str(path), "utf-16") as source:
        assert source.read(100) == "é\n日".encode()

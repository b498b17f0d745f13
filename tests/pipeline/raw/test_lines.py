import io

import pytest

from pipeline.raw import lines
from pipeline.raw.lines import blocks, read_line
from pipeline.raw.piece import Piece
from tests.pipeline.raw.raw_files import data, write


@pytest.mark.parametrize("size", [1, 3, 10])
def test_blocks_hold_whole_rows_and_all_of_them(tmp_path, monkeypatch, size):
    monkeypatch.setattr(lines, "PIECE_BYTES", size)
    path = str(write(tmp_path / "a", b"one\ntwo\nthree\nfour"))
    read_blocks = list(blocks(data(path), Piece(path, 0, -1)))
    assert b"".join(text for text, _ in read_blocks) == b"one\ntwo\nthree\nfour"
    assert all(text.endswith(b"\n") for text, _ in read_blocks[:-1])
    assert [start for _, start in read_blocks] == [
        sum(len(text) for text, _ in read_blocks[:number]) for number in range(len(read_blocks))
    ]


def test_a_line_is_read_to_its_newline_or_the_end():
    assert read_line(io.BytesIO(b"x" * 100_000 + b"\nrest")) == b"x" * 100_000 + b"\n"
    assert read_line(io.BytesIO(b"all")) == b"all"

"""Mutated text files: no row is lost or made up, and rows that were not touched come out as they were."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from features.errors import ConfigError, DataError
from pipeline.raw import delimited, lines
from tests.fuzz.campaign import FaultError
from tests.fuzz.mutation import mutated_bytes
from tests.fuzz.raw_files import ROWS, check, read_file


@pytest.fixture
def small_pieces(monkeypatch):
    """Makes readers cut files into pieces of so many bytes."""

    def cut(size: int) -> None:
        for module in (delimited, lines):
            monkeypatch.setattr(module, "PIECE_BYTES", size)

    return cut


def text_rows(separator: str, quoted: bool) -> list[str]:
    """A header and rows, some fields of which are quoted, missing or not of ASCII."""
    both = f'"a{separator}b"' if quoted else '"a'  # without quotes that mean something, the separator would divide it
    fields = [["label", "id", "n", "c", "tags"]]
    for row in range(ROWS):
        text = ["", '"quoted one"', f"c{row % 7}", "café", both, "NA", "x y"][row % 7]
        number = ["", "1.5", "-2", "1e3", "NA"][row % 5]
        fields.append([str(row % 2), f"id{row}", number, text, "|".join(f"t{n}" for n in range(row % 4))])
    return [separator.join(row) for row in fields]


def mutated_lines(rng: np.random.Generator, texts: list[str], encoding: str) -> bytes:
    """The text with some rows edited, or edits anywhere."""
    rows = [text.encode(encoding) for text in texts]
    end = [b"\n", b"\r\n"][int(rng.random() < 0.3)]
    if encoding == "utf-16":
        return mutated_bytes(rng, end.decode().join([*texts, ""]).encode(encoding), 2)
    if rng.random() < 0.3:
        return mutated_bytes(rng, end.join([*rows, b""]))
    for row in rng.integers(int(rng.random() < 0.9), len(rows), int(rng.integers(1, 6))).tolist():
        rows[row] = mutated_bytes(rng, rows[row], 2)
    return end.join(rows) + end * int(rng.random() < 0.8)


def rows_of_text(content: bytes, multiline: bool) -> list[bytes]:
    """Lines that are not blank, without their ends; the header is the first. With multiline, newlines in quotes end none."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    parts = content.split(b'"') if multiline else [content]
    held = b'"'.join(part.replace(b"\n", b"\x00\x01") if number % 2 else part for number, part in enumerate(parts))
    found = [line.rstrip(b"\r") for line in held.split(b"\n")]
    return [line.replace(b"\x00\x01", b"\n") for line in found if line]


def test_text(campaign, work_folder, small_pieces):
    """csv and tsv of any encoding, with quotes or without, compressed or not, in pieces of any size."""
    tried = campaign("text", short=150)
    originals: dict[tuple, dict[bytes, tuple]] = {}

    def attempt(rng: np.random.Generator) -> None:
        form = ["csv", "tsv"][rng.integers(0, 2)]
        quoted = [True, True, False, "multiline"][rng.integers(0, 4)]
        encoding = ["utf-8", "utf-8", "utf-8", "latin1", "utf-16"][rng.integers(0, 5)]
        data = {"format": form, "quoted": quoted, "encoding": encoding, "missing": ["NA"]}
        texts = text_rows({"csv": ",", "tsv": "\t"}[form], bool(quoted))
        small_pieces(1 << 20)
        original = original_rows(originals, texts, data, work_folder)
        content, packed = mutated_lines(rng, texts, encoding), rng.random() < 0.15
        path = work_folder / f"mutated.{form}{'.gz' * packed}"
        path.write_bytes(gzip.compress(content) if packed else content)
        small_pieces(int(rng.integers(64, 4096)))
        reading = read_file(path, data, work_folder / "parsed" / str(rng.integers(0, 2**62)))
        text = content if encoding != "utf-16" else content.decode(encoding).encode()
        found = rows_of_text(text, quoted == "multiline")
        same_header = found[:1] == [texts[0].encode()] and quoted != "multiline"  # there, one quote may take the next rows
        check(reading, max(len(found) - 1, 0), [original[row] for row in found[1:] if row in original] if same_header else [])
        for row in reading.rejected:
            if text[row["offset"] :][: len(row["row"])] != row["row"]:
                raise FaultError(f"the text of a rejected row is not what stands at its offset: {row}")

    tried.run(attempt, ConfigError, DataError)
    tried.check()


def original_rows(known: dict, texts: list[str], data: dict, folder: Path) -> dict[bytes, tuple]:
    """What each row comes out as where nothing is mutated, by its bytes."""
    key = tuple(map(str, data.values()))
    if key not in known:
        path = folder / f"original.{data['format']}"
        path.write_text("\n".join([*texts, ""]), encoding=data["encoding"], newline="")
        reading = read_file(path, data, folder / "parsed" / f"original {len(known)}")
        check(reading, ROWS)
        assert reading.rejected == []
        encoding = "utf-8" if data["encoding"] == "utf-16" else data["encoding"]
        known[key] = dict(zip([text.encode(encoding) for text in texts[1:]], reading.rows, strict=True))
    return known[key]

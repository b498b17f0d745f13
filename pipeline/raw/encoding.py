"""Encodings of text files: whether bytes can be cut into lines before they are decoded, and texts as UTF-8."""

from __future__ import annotations

import codecs

import pyarrow as pa

from pipeline.raw.compression import open_decompressed

# "surrogateescape" carries bytes that the encoding does not know through to the UTF-8 text, where their column refuses them.
_ERRORS = "surrogateescape"


def is_utf8(encoding: str) -> bool:
    """Whether text needs no transcoding; ASCII is UTF-8 too."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def keeps_lines(encoding: str) -> bool:
    """Whether the byte of a newline always ends a line; not so where characters have two or four bytes, as in UTF-16."""
    return "\n".encode(encoding) == b"\n"


def line_encoding(encoding: str) -> str:
    """The encoding of what `open_text` gives."""
    return encoding if keeps_lines(encoding) else "utf-8"


def to_utf8(raw: bytes, encoding: str) -> bytes:
    """Text of whole lines as UTF-8, line by line the same; bytes that are no text stay as they are."""
    return raw if is_utf8(encoding) else raw.decode(encoding, _ERRORS).encode("utf-8", _ERRORS)


def open_text(path: str, encoding: str) -> pa.NativeFile:
    """A text file's bytes, decompressed; transcoded to UTF-8 where they could not be cut into lines.

    Raises:
      UnicodeDecodeError: while reading a file that is transcoded and is not in that encoding.
    """
    source = open_decompressed(path)
    # Where a newline is one byte, blocks are transcoded after they are cut: only so can a file be entered in the middle.
    return source if keeps_lines(encoding) else pa.transcoding_input_stream(source, encoding, "utf-8")

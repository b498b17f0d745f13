"""Compressed raw files: which there are, by their names, and their content."""

from __future__ import annotations

import pyarrow as pa

from pipeline.runtime import files

# Ends of file names, and what Arrow calls the compression that they tell.
CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
# By which logs shrink under gzip, roughly; only estimates of the number of rows depend on it.
_TYPICAL_RATIO = 4


def is_compressed(path: str) -> bool:
    """Whether the file's name says so."""
    return path.endswith(tuple(CODECS))


def strip_suffix(path: str) -> str:
    """The name that the file has without its compression."""
    return next((path.removesuffix(suffix) for suffix in CODECS if path.endswith(suffix)), path)


def open_decompressed(path: str) -> pa.NativeFile:
    """The content of a file to read, without the compression that its name tells.

    Raises:
      OSError: while reading, if the compressed file is damaged or cut short.
    """
    codec = next((name for suffix, name in CODECS.items() if path.endswith(suffix)), None)
    source = files.open_arrow(path)
    # Arrow's decompression and not Beam's, which takes a truncated file for a whole one.
    return pa.CompressedInputStream(source, codec) if codec else source


def estimate_size(path: str, size: int) -> int:
    """About how many bytes a file of `size` bytes holds once it is decompressed."""
    return size * _TYPICAL_RATIO if is_compressed(path) else size

"""The table of raw formats: to add one, write its module and name it here and in `features.config`."""

from __future__ import annotations

from features.errors import DataError
from pipeline.raw import delimited, parquet, tfrecord
from pipeline.raw.compression import CODECS, open_decompressed, strip_suffix
from pipeline.raw.format import Format
from pipeline.runtime import files

# By the names of the config's `data.format`. Tsv and csv differ in their default delimiter only.
FORMATS: dict[str, Format] = {"tsv": delimited, "csv": delimited, "parquet": parquet, "tfrecord": tfrecord}

_HEAD_BYTES = 64  # enough for the marks by which a format is recognised


def recognise(path: str) -> Format:
    """The format of a file by its first bytes.

    Raises:
      DataError: it is of no known format.
      OSError: the file cannot be opened or decompressed.
    """
    with files.open_arrow(path) as source:
        head = source.read(_HEAD_BYTES)
    if not parquet.recognises(head):  # Parquet compresses its columns itself
        with open_decompressed(path) as source:
            head = source.read(_HEAD_BYTES)
    for form in (parquet, tfrecord, delimited):  # text last, as it may begin with anything
        if form.recognises(head):
            return form
    known = ", ".join(CODECS)
    raise DataError(f"{path}: is an archive, or compressed though its name does not end in {known}; unpack or rename it")


def has_known_suffix(path: str) -> bool:
    """Whether the name of a file, compressed or not, ends as those of a known format do."""
    suffixes = {suffix for form in FORMATS.values() for suffix in form.SUFFIXES}
    return strip_suffix(path).endswith(tuple(suffixes))

"""Hashes of whole rows by their content, to find rows that are in two splits."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.raw.hashing import mix

Hashes = npt.NDArray[np.uint64]
# Bytes of a text that are hashed at its start, and as many at its end: a uint64, so that whole columns are hashed without a
# loop. Codes and most names fit into two of them.
_WORD = 8


def row_hashes(columns: list[pa.Array], names: list[str]) -> Hashes:
    """A random-looking uint64 per row [rows], the same wherever a row has the same values in columns of the same names.

    Of a text only its length and the bytes at both of its ends are looked at: rows that differ in the middle of long texts,
    and nowhere else, count as the same. The sum over several groups of columns is the hash over all of them.
    """
    total = np.zeros(len(columns[0]), np.uint64)
    with np.errstate(over="ignore", invalid="ignore"):  # a file may hold NaNs that signal
        for column, name in zip(columns, names, strict=True):
            total += mix(_value_hashes(column) + mix(np.uint64(zlib.crc32(name.encode()) + 1)))
    return total


def _value_hashes(column: pa.Array) -> Hashes:
    """A number per row: of a dictionary, computed once for each different value."""
    if pa.types.is_dictionary(column.type):
        return np.asarray(_value_hashes(column.dictionary)[column.indices.to_numpy()])
    if pa.types.is_fixed_size_list(column.type):
        elements = _value_hashes(column.flatten()).reshape(len(column), column.type.list_size)
        places = np.arange(1, elements.shape[1] + 1, dtype=np.uint64)
        return np.asarray(mix(elements + mix(places)).sum(axis=1, dtype=np.uint64))
    if pa.types.is_string(column.type):
        return _text_hashes(column)
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy().astype(np.float32) + np.float32(0)  # adding 0 makes -0 and 0 one
        return mix(np.where(np.isnan(numbers), np.float32(np.nan), numbers).view(np.uint32).astype(np.uint64))
    return mix(column.cast(pa.int64()).to_numpy().view(np.uint64))


def _text_hashes(texts: pa.Array) -> Hashes:
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    starts, ends = ends[:-1], ends[1:]
    lengths = ends - starts
    # A view in which each byte of the text begins a word of eight; padded, so that the last bytes begin one too.
    padded = np.concatenate([np.frombuffer(content or b"", np.uint8), np.zeros(_WORD, np.uint8)])
    words = np.ndarray((len(padded) - _WORD + 1,), np.dtype("<u8"), padded, strides=(1,))
    beyond = np.clip((_WORD - lengths) * 8, 0, 63).astype(np.uint64)  # bits of the first word that are not the text's
    first = np.where(lengths > 0, (words[starts] << beyond) >> beyond, np.uint64(0))
    last = np.where(lengths > _WORD, words[np.maximum(ends - _WORD, 0)], np.uint64(0))
    return np.asarray(mix(first) + mix(last + np.uint64(1)) * np.uint64(3) + lengths.astype(np.uint64))

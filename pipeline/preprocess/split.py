"""Which split a row belongs to: a pure function of the row, its place and the config."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.data_config import DataConfig, SplitConfig
from features.errors import DataError
from pipeline.raw.hashing import hash_values
from pipeline.raw.read import Rows

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = ("train", "validation", "test")


def split_of(data: DataConfig, rows: Rows, field: str) -> npt.NDArray[np.int64]:
    """The place in `SPLITS` of each row.

    Args:
      data: the config's data part.
      rows: read from one file.
      field: `train`, `validation` or `test`, the config's field that named the file; only train files are divided.

    Raises:
      DataError: a row's time is no number, though its bounds are.
    """
    if field != "train":
        return np.full(rows.table.num_rows, SPLITS.index(field))
    places = _places(data.split, rows)
    taken = [place for place, files in ((VALIDATION, data.validation), (TEST, data.test)) if files]
    return np.where(np.isin(places, taken), TRAIN, places)


def _places(split: SplitConfig, rows: Rows) -> npt.NDArray[np.int64]:
    if split.by == "row":
        return _by_share(split, rows.keys(split.seed))
    column = rows.table[split.column].combine_chunks().cast(pa.string())
    if split.by == "hash":
        encoded = column.dictionary_encode()
        return _by_share(split, hash_values(encoded.dictionary, split.seed)[encoded.indices.to_numpy()])
    validation, test = (_is_in if split.by == "column" else _is_from)(split, column)
    return np.where(test, TEST, np.where(validation, VALIDATION, TRAIN))


def _by_share(split: SplitConfig, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    share = keys.astype(np.float64) / 2.0**64
    return np.where(share < split.validation, VALIDATION, np.where(share >= 1 - split.test, TEST, TRAIN))


def _is_in(split: SplitConfig, column: pa.Array) -> list[npt.NDArray[np.bool_]]:
    return [
        np.asarray(pc.is_in(column, pa.array(values, pa.string()))) for values in (split.validation_values, split.test_values)
    ]


def _is_from(split: SplitConfig, column: pa.Array) -> list[npt.NDArray[np.bool_]]:
    """Times compared as numbers where the bound is one, else as text (ISO dates are in order of time). None: train."""
    starts = []
    for bound in (split.validation_from, split.test_from):
        times = column if isinstance(bound, str) else _as_numbers(split, column)
        after = pc.and_(pc.not_equal(column, ""), pc.greater_equal(times, bound)) if bound is not None else pa.array([False])
        starts.append(np.broadcast_to(np.asarray(after.fill_null(False)), len(column)))
    return starts


def _as_numbers(split: SplitConfig, column: pa.Array) -> pa.Array:
    try:
        return pc.if_else(pc.equal(column, ""), None, column).cast(pa.float64())
    except pa.ArrowInvalid as error:
        message = f"{error}; its bounds in data.split are numbers, so its values must be"
        raise DataError(f"data.split.column: {split.column!r}: {message}") from None

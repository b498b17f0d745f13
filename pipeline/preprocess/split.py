"""Which split a row belongs to: a pure function of the row, where it stands, and the config."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.config.data import DataConfig, SplitConfig
from pipeline.raw.hashing import hash_values
from pipeline.raw.read import Rows

TRAIN, VALIDATION, TEST = 0, 1, 2  # indices into `SPLITS`
SPLITS = ("train", "validation", "test")
Splits = npt.NDArray[np.int64]


def split_of(data: DataConfig, rows: Rows, field: str) -> Splits:
    """The split of each row, as its index in `SPLITS`.

    Args:
      data: the config's section.
      rows: read from one file.
      field: `train`, `validation` or `test`, the config's field that named the file; only train files are divided.

    Returns:
      [rows].
    """
    if field != "train":
        return np.full(rows.table.num_rows, SPLITS.index(field))
    splits = _divided(data.split, rows)
    with_files = [split for split, files in ((VALIDATION, data.validation), (TEST, data.test)) if files]
    return np.where(np.isin(splits, with_files), TRAIN, splits)  # a split that has files takes no train rows


def _divided(split: SplitConfig, rows: Rows) -> Splits:
    if split.by == "row":
        return _by_share(split, rows.keys(split.seed))
    column = rows.table[split.column].combine_chunks()
    if split.by == "time":
        return _by_time(split, column.to_numpy())
    texts = column.cast(pa.string())
    if split.by == "hash":
        # Each different value is hashed once: a user has many rows.
        encoded = texts.dictionary_encode()
        return _by_share(split, hash_values(encoded.dictionary, split.seed)[encoded.indices.to_numpy()])
    return _joined(_is_one_of(texts, split.validation_values), _is_one_of(texts, split.test_values))


def _by_share(split: SplitConfig, keys: npt.NDArray[np.uint64]) -> Splits:
    # Test rows are taken from one end and validation rows from the other: a changed share moves rows from or to train only.
    share = keys.astype(np.float64) / 2.0**64
    return _joined(share < split.validation, share >= 1 - split.test)


def _by_time(split: SplitConfig, keys: npt.NDArray[np.float64]) -> Splits:
    """Keys of times are those of `SplitConfig.time_scale`, as `read` gives them; a bound that is not given makes no split."""
    scale = split.time_scale
    assert scale is not None
    validation, test = (
        keys >= scale.key(bound) if bound is not None else np.zeros(len(keys), bool)
        for bound in (split.validation_from, split.test_from)
    )
    return _joined(validation, test)


def _is_one_of(texts: pa.Array, values: list[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(texts, pa.array(values, pa.string())))


def _joined(validation: npt.NDArray[np.bool_], test: npt.NDArray[np.bool_]) -> Splits:
    """Rows that are of both are test rows."""
    return np.where(test, TEST, np.where(validation, VALIDATION, TRAIN))

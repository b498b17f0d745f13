"""Which split a row belongs to: a pure function of the row, its place and the config."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.compute as pc

from features.config import Data
from pipeline.ingest import Rows, mix

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = ("train", "validation", "test")


def split_rows(data: Data, rows: Rows, field: str) -> dict[str, pa.Table]:
    """The rows of each split that has any.

    Args:
      data: the config's data part.
      rows: read from one file.
      field: `train`, `validation` or `test`, the config's field that named the file; only train files are divided.
    """
    if field != "train":
        return {field: rows.table}
    places = _places(data, rows)
    if data.validation:
        places = np.where(places == VALIDATION, TRAIN, places)
    if data.test:
        places = np.where(places == TEST, TRAIN, places)
    found = np.unique(places)
    if len(found) == 1:
        return {SPLITS[found[0]]: rows.table}
    return {SPLITS[place]: rows.table.filter(pa.array(places == place)) for place in found}


def _places(data: Data, rows: Rows) -> npt.NDArray[np.int64]:
    split = data.split
    if split.by in ("row", "hash"):
        keys = rows.keys(split.seed) if split.by == "row" else _hashes(rows.table[split.column], split.seed)
        share = keys.astype(np.float64) / 2.0**64
        return np.where(share < split.validation, VALIDATION, np.where(share >= 1 - split.test, TEST, TRAIN))
    column = rows.table[split.column]
    if split.by == "column":
        text = column.cast(pa.string())
        validation = _is_in(text, split.validation_values)
        return np.where(validation, VALIDATION, np.where(_is_in(text, split.test_values), TEST, TRAIN))
    places = np.full(len(column), TRAIN)
    for place, start in ((VALIDATION, split.validation_from), (TEST, split.test_from)):
        if start is not None:
            bound = pa.scalar(start).cast(column.type)
            places[np.asarray(pc.fill_null(pc.greater_equal(column, bound), False))] = place
    return places


def _is_in(column: pa.ChunkedArray, values: list[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(column, pa.array(values, pa.string())))


def _hashes(column: pa.ChunkedArray, seed: int) -> npt.NDArray[np.uint64]:
    """A uint64 per row that depends on its value alone: hashed once per distinct value."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    hashed = pandas.util.hash_array(encoded.dictionary.to_numpy(zero_copy_only=False).astype(object), categorize=False)
    distinct = mix(hashed ^ np.uint64(seed))
    return np.asarray(distinct)[encoded.indices.to_numpy()]

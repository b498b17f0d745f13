"""Rows and positives of each split before a run, by a look at pieces of the files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.inputs import Input
from features.manifest import SplitCounts
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split import SPLITS, split_of
from pipeline.preprocess.split_counts import add_counts
from pipeline.raw.piece import Piece
from pipeline.raw.read import read
from pipeline.raw.shards import plan_shards

# Pieces that are read of the files of one field: a few seconds' work, and yet spread over all days of a log.
_PIECES = 8


def sample_splits(resolved: ResolvedConfig) -> tuple[dict[str, SplitCounts], bool]:
    """Counts over pieces that are spread evenly over the files of each field.

    Args:
      resolved: the config, bound to its data.

    Returns:
      The counts by split, and whether they are over all rows.

    Raises:
      DataError: a file cannot be read.
    """
    columns = [column for column in resolved.columns if column.name in {resolved.data.label, resolved.data.split.column}]
    parts, whole = [], True
    for field, listed in resolved.listed.items():
        pieces = [piece for shard in plan_shards(resolved.data, {field: listed}) for piece in shard.pieces]
        chosen = _spread(len(pieces))
        whole &= len(chosen) == len(pieces)
        parts += [_counts(resolved, columns, pieces[number], field) for number in chosen]
    return add_counts(parts), whole


def _spread(pieces: int) -> npt.NDArray[np.int64]:
    """At most `_PIECES` of the numbers below `pieces`, from the first to the last."""
    return np.unique(np.linspace(0, pieces - 1, min(pieces, _PIECES)).round().astype(np.int64))


def _counts(resolved: ResolvedConfig, columns: list[Input], piece: Piece, field: str) -> dict[str, SplitCounts]:
    rows, positives = np.zeros(len(SPLITS), int), np.zeros(len(SPLITS), int)
    for table in read(resolved.data, columns, piece):
        splits = split_of(resolved.data, table, field)
        rows += np.bincount(splits, minlength=len(SPLITS))
        positives += np.bincount(splits, table.table[resolved.data.label].to_numpy(), len(SPLITS)).astype(int)
    return {split: SplitCounts(rows=int(rows[n]), positives=int(positives[n])) for n, split in enumerate(SPLITS)}

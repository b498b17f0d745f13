"""Leaks in new data: columns that are known only together with the label, by the figures of a sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.metrics import exact_auc

Floats = npt.NDArray[np.float64]
LEAK = 0.99  # AUC of a column alone, and share of positives among filled rows, from which on it is asked what it knows
_LEAST = 10  # positives and negatives of either half, and filled rows: figures of fewer say nothing
_HIGHEST_RATE = 0.9  # share of positives in all rows up to which a share of .99 in some of them is odd
_BUCKETS = 64  # as the draft's numeric features have


def leak_by_filling(array: pa.Array, label: Floats) -> str | None:
    """That a column is filled only where the label is 1, in words with the figures; None where it is not.

    Args:
      array: [rows] of any type.
      label: [rows] 0 or 1.
    """
    filled = _filled(array)
    rate, rows = float(label.mean()), int(filled.sum())
    if _LEAST <= rows < len(label) and rate <= _HIGHEST_RATE and label[filled].mean() >= LEAK:
        return (
            f"possible leak: filled in {rows:,} rows of the sample, of which {label[filled].mean():.1%} have the label 1 "
            f"({label[~filled].mean():.1%} of the others)"
        )
    return None


def leak_by_value(array: pa.Array, label: Floats) -> str | None:
    """That the values alone all but tell the label, in words with the AUC; None where they do not.

    Args:
      array: [rows] texts or numbers.
      label: [rows] 0 or 1.
    """
    aucs = [auc for auc in (auc_of_codes(array, label), auc_of_values(array, label)) if auc is not None]
    if aucs and max(aucs) > LEAK:
        return f"possible leak: alone it tells the label of the sample with AUC {max(aucs):.4f}"
    return None


def auc_of_codes(array: pa.Array, label: Floats) -> float | None:
    """AUC of the odd rows, scored by the mean label of the even rows with the same value.

    A value that occurs once would tell its own label; the other half of the rows does not know it. None where a half has
    too few positives or negatives.
    """
    codes = array.dictionary_encode("encode").indices.to_numpy(zero_copy_only=False)
    return _auc_of_ids(np.asarray(codes, np.int64), label)


def auc_of_buckets(array: pa.Array, label: Floats) -> float | None:
    """As `auc_of_codes`, with numbers of one bucket of 64 quantiles taken for one value."""
    numbers = np.nan_to_num(_numbers(array), nan=-1.0)
    bounds = np.unique(np.quantile(numbers, np.linspace(0, 1, _BUCKETS + 1)[1:-1]))
    return _auc_of_ids(np.searchsorted(bounds, numbers, "right"), label)


def auc_of_values(array: pa.Array, label: Floats) -> float | None:
    """AUC of numbers as they are, or of their opposites; None of texts, and of too few rows."""
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)) or not _suffice(label):
        return None
    known = ~np.isnan(_numbers(array))
    if not _suffice(label[known]):
        return None
    auc = exact_auc(_numbers(array)[known], label[known])
    # Rows without a number are told apart by nothing, as if each pair with one were a draw.
    weight = label[known].sum() * (1 - label[known]).sum() / (label.sum() * (1 - label).sum())
    return float(0.5 + weight * (max(auc, 1 - auc) - 0.5))


def _auc_of_ids(ids: npt.NDArray[np.int64], label: Floats) -> float | None:
    even = np.arange(len(label)) % 2 == 0
    if not (_suffice(label[even]) and _suffice(label[~even])):
        return None
    size = int(ids.max()) + 1
    rows, positives = np.bincount(ids[even], minlength=size), np.bincount(ids[even], label[even], size)
    # Drawn to the mean of all rows by one row's weight, so that rare values say less.
    score = (positives + label.mean()) / (rows + 1)
    return exact_auc(score[ids[~even]], label[~even])


def _suffice(label: Floats) -> bool:
    return bool(_LEAST <= label.sum() <= len(label) - _LEAST)


def _filled(array: pa.Array) -> npt.NDArray[np.bool_]:
    filled = array.is_valid()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        filled = pc.and_(filled, pc.not_equal(pc.utf8_trim_whitespace(array), "").fill_null(False))
    return np.asarray(filled)


def _numbers(array: pa.Array) -> Floats:
    return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)

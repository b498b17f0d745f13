"""Labels: which values of their column mean 1, and which rows have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.config.data import DataConfig
from features.inputs import Input
from pipeline.raw.conform import Faults, as_type, conform
from pipeline.raw.rejects import Mask

# Written by some logs for a label that is not known yet, where labels are 0 and 1.
_UNLABELLED = -1


@dataclass(frozen=True)
class Labels:
    """The label's column of some rows.

    Attributes:
      values: [rows] 0 or 1; NaN where there is none.
      absent: [rows] rows that have no label.
      faults: rows whose label is none of the known values.
    """

    values: npt.NDArray[np.float32]
    absent: Mask
    faults: Faults


def read_labels(column: pa.ChunkedArray, data: DataConfig, bad_text: str) -> Labels:
    """The labels of a column as a format reads it.

    Args:
      column: of texts, numbers or booleans.
      data: says which values are 1; where it does not, labels are 0 and 1, and -1 stands for no label.
      bad_text: what is wrong with a text in another encoding.
    """
    if data.positive:
        return _named(column, data, bad_text)
    array, faults = conform(column, Input(data.label, "float32"), data.missing, bad_text)
    numbers = array.to_numpy()
    wrong = np.logical_or.reduce([mask for mask, _ in faults]) if faults else np.zeros(len(numbers), bool)
    absent = ((np.isnan(numbers) & ~wrong) | (numbers == _UNLABELLED)).astype(bool)
    known = (numbers == 0) | (numbers == 1)
    faults.append((~(known | absent), f"column {data.label!r}: the label is not 0 or 1 (see data.positive)"))
    return Labels(np.where(known, numbers, np.float32(np.nan)), absent, faults)


def _named(column: pa.ChunkedArray, data: DataConfig, bad_text: str) -> Labels:
    """Labels of which some values are named as 1; all others are 0."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):  # 1.0 is 1
        numbers = as_type(column, pa.float64())
        column = pa.chunked_array([pc.if_else(pc.is_nan(numbers), None, numbers).cast(pa.string())])
    texts, faults = conform(column, Input(data.label, "string"), data.missing, bad_text)
    texts = pc.utf8_trim_whitespace(texts)  # ` yes` is `yes`
    absent = np.asarray(pc.equal(texts, ""))
    values = np.asarray(pc.is_in(texts, pa.array(data.positive, pa.string()))).astype(np.float32)
    return Labels(np.where(absent, np.float32(np.nan), values), absent, faults)

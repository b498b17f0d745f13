"""Numbers as integer keys of a few thousand different values, so that they can be counted like codes.

Numbers are counted after rounding to a 12-bit mantissa (relative error 2^-12). Quantiles then come from the same mergeable
table of counts as vocabularies do, and a merged result equals that of one run over all rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Of the 24 of a float32's mantissa; the 12 that are left are fine enough for quantiles, and leave few enough keys to count.
_DROPPED_BITS = np.int32(12)
_NEGATIVE_KEYS = np.int32(-(2**19))  # the sign bit after the shift, from which keys of negative numbers count downwards
NO_NUMBER = np.int32(np.iinfo(np.int32).min)  # the key of a missing number, which no number has


def rounded_keys(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Keys in the order of the numbers, which are rounded towards 0; NaN has `NO_NUMBER`."""
    bits = (values + np.float32(0)).view(np.int32) >> _DROPPED_BITS  # adding 0 makes -0 and 0 one
    keys = np.where(bits < 0, _NEGATIVE_KEYS - bits, bits)
    return np.where(np.isnan(values), NO_NUMBER, keys).astype(np.int32)


def rounded_values(keys: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The number of least magnitude that has each key: inverse of `rounded_keys`."""
    bits = np.where(keys < 0, _NEGATIVE_KEYS - keys, keys).astype(np.int32)
    return (bits << _DROPPED_BITS).view(np.float32)

"""Keys of rows. Two features tell the same rows apart if, value by value, the sums of their rows' keys are equal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]


class RowKeys:
    """Random-looking keys of rows, uint64, which are summed by value.

    A key is held as two floats of 24 bits each: float64 sums of fewer than 2^29 of these are exact, and numpy sums floats
    faster than integers. The 16 bits between them are left out.

    Args:
      keys: [rows].
    """

    def __init__(self, keys: npt.NDArray[np.uint64]) -> None:
        self.low = (keys & np.uint64(0xFFFFFF)).astype(np.float64)
        self.high = (keys >> np.uint64(40)).astype(np.float64)

    def sums(self, codes: Codes, size: int, rows: Codes | slice = slice(None)) -> npt.NDArray[np.uint64]:
        """The sum of the keys of each code's rows, modulo 2^64.

        Args:
          codes: 0 to `size` - 1, one for each row, or as many as `rows` has.
          size: number of different codes.
          rows: of the codes, where a row has several codes or none.

        Returns:
          [size].
        """
        low = np.bincount(codes, self.low[rows], size).astype(np.uint64)
        return low + (np.bincount(codes, self.high[rows], size).astype(np.uint64) << np.uint64(32))

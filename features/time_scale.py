"""Where on a scale of time the bounds of a split stand, and the values of its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.times import MICROSECONDS, epoch_unit, in_unit, parse_numbers, parse_times, since_epoch


@dataclass(frozen=True)
class TimeScale:
    """How the bounds of a split are written, which is how its column is compared with them.

    Attributes:
      numeric: whether bounds are numbers; else they are dates or instants.
      unit: of numbers that are times since 1970, how many of it make a second; None of other numbers, such as the days of
        an experiment.
      day_first: whether `6/9/2016` is 6 September and not June 9.
    """

    numeric: bool
    unit: int | None = None
    day_first: bool = False

    @classmethod
    def of(cls, bounds: Sequence[str | float], day_first: bool = False) -> TimeScale:
        """The scale of the bounds.

        Raises:
          ValueError: a bound is no time, or they are of different scales.
        """
        scales = [_scale_of(bound, day_first) for bound in bounds]
        if len(set(scales)) > 1:
            raise ValueError(
                f"`validation_from` ({bounds[0]}) and `test_from` ({bounds[1]}) are written in two ways; write both as "
                "numbers of one unit, or both as dates"
            )
        return scales[0]

    def key(self, bound: str | float) -> float:
        """Where a bound stands on the scale."""
        return float(self.keys(pa.array([_text(bound)]))[0])

    def keys(self, texts: pa.Array) -> npt.NDArray[np.float64]:
        """Where the values of a column stand on the scale.

        Args:
          texts: [rows] string, the empty text where there is no value.

        Returns:
          [rows] numbers in the bounds' unit, or microseconds since 1970, which float64 holds exactly up to the year 2255;
          minus infinity for no value, and NaN for what is no time.
        """
        # Minus infinity lies before every bound, as rows without a time are train rows.
        present = pc.not_equal(texts, "")
        keys = np.full(len(texts), -np.inf)
        if pc.any(present).as_py():
            keys[np.asarray(present)] = self._keys_of_values(texts.filter(present))
        return keys

    def _keys_of_values(self, texts: pa.Array) -> npt.NDArray[np.float64]:
        if not self.numeric:
            instants, known = parse_times(texts, self.day_first)
            return np.where(known, instants, np.nan)
        numbers = parse_numbers(texts)
        numbers = self._in_unit(numbers, texts) if self.unit is not None else numbers
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def _in_unit(self, numbers: npt.NDArray[np.float64], texts: pa.Array) -> npt.NDArray[np.float64]:
        """Numbers of other units since 1970, and times in words, in the unit of the bounds."""
        assert self.unit is not None
        seconds, known = since_epoch(numbers)
        others = known & ~in_unit(numbers, self.unit)
        numbers = np.where(others, seconds * self.unit, numbers)
        words = np.flatnonzero(np.isnan(numbers))
        if len(words):
            instants, known = parse_times(texts.take(pa.array(words)), self.day_first)
            numbers[words] = np.where(known, instants / MICROSECONDS * self.unit, np.nan)
        return numbers


# Cached: every table of rows asks for the scale of the same two bounds.
@lru_cache
def _scale_of(bound: str | float, day_first: bool) -> TimeScale:
    text = pa.array([_text(bound)])
    number = parse_numbers(text)[0]
    if np.isfinite(number):
        return TimeScale(True, epoch_unit(number), day_first)
    if not parse_times(text, day_first)[1][0]:
        example = "2024-01-31, as 2024-01-31T12:00:00+01:00, or as a number like those of the column"
        raise ValueError(f"{bound!r} is no time; write it as {example}")
    return TimeScale(False, None, day_first)


def _text(bound: str | float) -> str:
    """A bound as the text of a cell, so that bounds and cells go through one parser."""
    return bound if isinstance(bound, str) else repr(bound)

"""Columns of new data that hold times, and the bounds that divide their rows by time."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.times import MICROSECONDS, epoch_unit, in_unit, parse_times

_LOOKED_AT = 1000  # different texts, of which nearly all must be times
_MOST_OTHERS = 0.01  # share of texts that may be no times, as rows can be broken
# Numbers of a column whose name says nothing of time are times only if they are many, and of a few recent years: identifiers
# may be as large.
_LEAST_VALUES, _FROM_YEAR, _TO_YEAR, _MOST_YEARS = 20, 2000, 2040, 3
_YEAR = 365.25 * 86_400  # seconds
_DATES = (19_700_101, 21_001_231)  # dates such as 20240131


@dataclasses.dataclass(frozen=True)
class TimeColumn:
    """The times of a column.

    Attributes:
      keys: [rows] microseconds since 1970 or, of numbers, the numbers themselves; NaN where there is no time.
      numeric: whether the column holds numbers, and its bounds are numbers too.
      day_first: whether `6/9/2016` is 6 September.
    """

    keys: npt.NDArray[np.float64]
    numeric: bool = False
    day_first: bool = False

    def bound(self, share: float) -> float | None:
        """A time before which about this share of the rows lies; None where all rows have one time."""
        keys = self.keys[np.isfinite(self.keys)]
        if not len(keys) or keys.min() == keys.max():
            return None
        bound = float(np.quantile(keys, share, method="higher"))
        return bound if bound > keys.min() else float(keys[keys > keys.min()].min())

    def written(self, bound: float) -> str:
        """A bound as the config has it: a number, a date, or a date and a time of day of UTC."""
        if self.numeric:
            return str(int(bound)) if bound.is_integer() else repr(bound)
        instant = np.datetime64(int(bound // MICROSECONDS), "s")
        # A bound that is cut down to its second would take rows of that second from the split before.
        date, clock = str(instant + (bound % MICROSECONDS > 0)).split("T")
        return date if clock == "00:00:00" else f"{date}T{clock}"


def read_times(array: pa.Array, named: bool) -> TimeColumn | None:
    """The times of a column; None where it holds none.

    Args:
      array: [rows] of the column.
      named: whether the column's name speaks of time.
    """
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        instants = array.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        return TimeColumn(_numpy(instants.cast(pa.float64(), safe=False)))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _of_texts(array.cast(pa.string()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = _numpy(array.cast(pa.float64(), safe=False))
        return TimeColumn(numbers, numeric=True) if _are_times(np.unique(numbers[~np.isnan(numbers)]), named) else None
    return None


def _of_texts(array: pa.Array) -> TimeColumn | None:
    array = pc.if_else(pc.equal(pc.utf8_trim_whitespace(array), ""), None, array)
    different = pc.drop_null(array.unique())[:_LOOKED_AT]
    if not len(different):
        return None
    shares = {day_first: parse_times(different, day_first)[1].mean() for day_first in (False, True)}
    day_first = bool(shares[True] > shares[False])
    if shares[day_first] < 1 - _MOST_OTHERS:
        return None
    instants, known = parse_times(array.fill_null(""), day_first)
    return TimeColumn(np.where(known, instants, np.nan), day_first=day_first)


def _are_times(numbers: npt.NDArray[np.float64], named: bool) -> bool:
    """Whether sorted different numbers are times since 1970, all of one unit, or dates such as 20240131."""
    if not len(numbers):
        return False
    unit = epoch_unit(float(numbers[0]))
    if unit is not None and in_unit(numbers, unit).all():
        first, last = (float(number) / unit / _YEAR + 1970 for number in (numbers[0], numbers[-1]))
        recent = first >= _FROM_YEAR and last < _TO_YEAR and last - first < _MOST_YEARS
        return named or (recent and len(numbers) >= _LEAST_VALUES)
    if not named or numbers[0] < _DATES[0] or numbers[-1] > _DATES[1] or (numbers % 1).any():
        return False
    return bool(parse_times(pa.array(numbers.astype(np.int64)).cast(pa.string()))[1].all())


def _numpy(numbers: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)

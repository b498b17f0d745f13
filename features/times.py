"""Times as logs write them: ISO dates, slashes, Apache's logs, seconds since 1970 and their thousandths.

A text is read by itself, whatever stands in the rows beside it, so that every worker reads it alike. Times without a zone
are taken as UTC.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MICROSECONDS = 1_000_000  # in a second
_DAY = 86_400  # seconds; the clock of times since 1970 knows no leap seconds
# Seconds since 1970 from 1990 to 2100. Other numbers are no times: identifiers, ranks, days of an experiment.
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
# How many of a unit of seconds, milliseconds, microseconds and nanoseconds make a second. Their ranges do not overlap.
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
# By their first three letters, which tell them apart, so that `Jan`, `January` and `JAN` are one.
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

# Time of day behind a date, if there is one: hours, with minutes, with seconds, with a fraction; am or pm; a zone.
_CLOCK = (
    r"(?:[T :,]\s*(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?)?\]?$"
)
# `Wed, 31 Jan 2024` of mails and `[31/Jan/2024` of Apache's logs: the weekday says nothing that the date does not.
_WEEKDAY = r"^\[?(?:[A-Za-z]{3,9},?\s+)?"
# A text is read by the first of these forms that it matches. Names of months tell day and month apart; numbers do not, which
# the last form leaves to `day_first`.
_FORMS = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2}|[A-Za-z]{3,9})(?:[-/.](?P<day>\d{1,2}))?" + _CLOCK,  # 2024-01-31, 2024/1/31
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?Z?)?$",  # 20240131
    _WEEKDAY + r"(?P<day>\d{1,2})[-/. ](?P<month>[A-Za-z]{3,9})[-/. ](?P<year>\d{4})" + _CLOCK,  # 31/Jan/2024:10:00
    _WEEKDAY + r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _CLOCK,  # Jan 31, 2024
    r"^(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4})" + _CLOCK,  # 1/31/2024 or 31/1/2024
)


def parse_times(texts: pa.Array, day_first: bool = False) -> tuple[Integers, Mask]:
    """The instants that texts stand for.

    Args:
      texts: [values] string, without nulls.
      day_first: whether `6/9/2016` is 6 September and not June 9.

    Returns:
      Microseconds since 1970 [values], and a mask [values] of the texts that are times; the instants of others are 0.
    """
    for time_type in (pa.timestamp("us"), pa.timestamp("us", "UTC")):  # ISO without and with a zone, many at once
        try:
            return texts.cast(time_type).cast(pa.int64()).to_numpy(), np.ones(len(texts), bool)
        except pa.ArrowInvalid:
            continue
    # The patterns below are slow, and logs repeat their dates: each different text is parsed once.
    encoded = texts.dictionary_encode()
    instants, known = _parse_different(encoded.dictionary, day_first)
    codes = encoded.indices.to_numpy()
    return instants[codes], known[codes]


def parse_numbers(texts: pa.Array) -> npt.NDArray[np.float64]:
    """Texts as numbers [values]; NaN where they are none."""
    try:
        return np.asarray(texts.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:  # one text is no number; Arrow does not say which
        trimmed = pc.utf8_trim_whitespace(texts)
        written = pc.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$")
        return np.asarray(pc.if_else(written, trimmed, None).cast(pa.float64()).to_numpy(zero_copy_only=False))


def epoch_unit(number: float) -> int | None:
    """How many of its units make a second, if a number is a time since 1970; None if it is none."""
    return next((unit for unit in _UNITS if in_unit(np.array([number]), unit)[0]), None)


def in_unit(numbers: npt.NDArray[np.float64], unit: int) -> Mask:
    """Which numbers are times since 1970, in so many parts of a second."""
    return (numbers >= _FIRST_SECOND * unit) & (numbers < _LAST_SECOND * unit)


def since_epoch(numbers: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], Mask]:
    """Seconds since 1970 of numbers in whatever unit, and a mask of the numbers that are times."""
    seconds, known = np.zeros(len(numbers)), np.zeros(len(numbers), bool)
    for unit in _UNITS:
        of_unit = in_unit(numbers, unit)
        seconds[of_unit] = numbers[of_unit] / unit
        known |= of_unit
    return seconds, known


def _parse_different(texts: pa.Array, day_first: bool) -> tuple[Integers, Mask]:
    """As `parse_times`, of texts of whatever forms."""
    # Numbers first: they are parsed many at once, without patterns.
    seconds, known = since_epoch(parse_numbers(texts))
    instants = np.rint(seconds * MICROSECONDS).astype(np.int64)
    trimmed = pc.utf8_trim_whitespace(texts)
    for form in _likeliest_first(trimmed):
        if known.all():
            break
        # Arrow's patterns work on whole arrays, so the texts still unknown are taken out, tried, and put back.
        left = np.flatnonzero(~known)
        of_form = left[np.asarray(pc.match_substring_regex(trimmed.take(pa.array(left)), form))]
        if len(of_form):
            instants[of_form], known[of_form] = _parse_form(form, trimmed.take(pa.array(of_form)), day_first)
    return instants, known


def _likeliest_first(texts: pa.Array) -> list[str]:
    """The forms, beginning with those that the first text is of: the others are of the same, mostly."""
    return sorted(_FORMS, key=lambda form: not (len(texts) and pc.match_substring_regex(texts[:1], form)[0].as_py()))


def _parse_form(form: str, texts: pa.Array, day_first: bool) -> tuple[Integers, Mask]:
    """Texts of one form, which the calendar and the clock must have."""
    matched = pc.extract_regex(texts, pattern=form)
    parts = {field.name: matched.field(field.name) for field in matched.type}
    if "first" in parts:
        names = ("day", "month") if day_first else ("month", "day")
        parts |= dict(zip(names, (parts["first"], parts["other"]), strict=True))
    days, is_day = _days(_whole(parts, "year", 1970), _month(parts["month"]), _whole(parts, "day", 1))
    seconds, is_clock = _seconds(parts)
    known = is_day & is_clock
    instants = (days * _DAY + seconds - _zone(parts)) * MICROSECONDS + _fraction(parts)
    return np.where(known, instants, 0), known


def _days(year: Integers, month: Integers, day: Integers) -> tuple[Integers, Mask]:
    """Days since 1970, and a mask of those that the calendar has."""
    # NumPy's months since 1970 know the lengths of months and the leap years; a wrong month is clipped, and refused below.
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first, next_first = (_first_days(number) for number in (months, months + 1))
    is_day = (month >= 1) & (month <= 12) & (day >= 1) & (day <= next_first - first)
    return first + day - 1, is_day


def _first_days(months: Integers) -> Integers:
    """Days since 1970 of the first days of months since 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _month(texts: pa.Array) -> Integers:
    """1 to 12 of numbers and English names; 0 of others."""
    named = pc.index_in(pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, 3)), pa.array(_MONTHS))
    numbers = pc.if_else(pc.match_substring_regex(texts, r"^\d+$"), texts, None).cast(pa.int64())
    return _numpy(pc.coalesce(numbers, pc.add(named.cast(pa.int64()), 1)), 0)


def _seconds(parts: dict[str, Any]) -> tuple[Integers, Mask]:
    """Seconds of the day, and a mask of those that a clock shows."""
    hour, minute, second = (_whole(parts, name, 0) for name in ("hour", "minute", "second"))
    is_clock = (hour < 24) & (minute < 60) & (second < 61)  # a minute may have a leap second
    if "half" in parts:
        half = _numpy(pc.index_in(pc.utf8_lower(parts["half"]), pa.array(["am", "pm"])).cast(pa.int64()), -1)
        is_clock &= (half < 0) | ((hour >= 1) & (hour <= 12))
        hour = np.where(half < 0, hour, hour % 12 + 12 * (half == 1))
    return hour * 3600 + minute * 60 + second, is_clock


def _zone(parts: dict[str, Any]) -> Integers | int:
    """Seconds that a zone is ahead of UTC."""
    if "zone" not in parts:
        return 0
    matched = pc.extract_regex(parts["zone"], pattern=r"^(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?$")
    ahead = {field.name: matched.field(field.name) for field in matched.type}
    size = _whole(ahead, "hours", 0) * 3600 + _whole(ahead, "minutes", 0) * 60
    return np.where(_numpy(pc.equal(ahead["sign"], "-").cast(pa.int64()), 0) == 1, -size, size)


def _fraction(parts: dict[str, Any]) -> Integers | int:
    """Microseconds; further digits are cut off."""
    if "fraction" not in parts:
        return 0
    six_digits = pc.utf8_slice_codeunits(pc.utf8_rpad(parts["fraction"], 6, "0"), 0, 6)
    return _whole({"fraction": six_digits}, "fraction", 0)


def _whole(parts: dict[str, Any], name: str, absent: int) -> Integers:
    """A part as whole numbers; `absent` where a text does not have it."""
    if name not in parts:
        length = len(next(iter(parts.values())))
        return np.full(length, absent)
    texts = parts[name]
    return _numpy(pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.int64()), absent)


def _numpy(numbers: pa.Array, absent: int) -> Integers:
    return np.asarray(numbers.fill_null(absent).to_numpy(zero_copy_only=False))

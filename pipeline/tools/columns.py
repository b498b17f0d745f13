"""What a column of new data is taken for: by its type, its values and its name."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError
from features.statistics import NEAR_UNIQUE

# Names of labels in public logs of clicks and conversions, the likeliest first.
LABELS = [
    *("label", "click", "is_click", "clicked", "is_clicked", "target"),
    *("converted", "is_converted", "conversion", "y"),
]
# Words of names, in the field's logs: what happens after the recommendation, times, measurements, identifiers.
OUTCOMES = re.compile(
    "label|target|click(ed)?|convert(ed)?|conversion|liked?|follow(ed)?|comment(ed)?|forward(ed)?|shared?|hated?|buy|bought|"
    "purchased?|order(ed)?|cart|pay|paid|install(ed)?|view(ed)?|watch(ed)?|play(ed)?|finish(ed)?|collect(ed)?|subscribed?|"
    "skip(ped)?|enter(ed)?|return(ed)?|churn(ed)?|dwell|rating"
)
TIMES = re.compile("time|timestamp|ts|date|datetime|day|dt")
COUNTS = re.compile(
    "num|counts?|cnt|days|age|duration|price|amount|total|qty|quantity|freq|frequency|len|length|score|sum|avg|mean|ratio|rate"
)
IDS = re.compile("ids?|key|uuid|guid|hash|index|idx|code|zip|zipcode")

_TRUTHS = {"true", "false", "True", "False", "TRUE", "FALSE", "yes", "no", "Yes", "No"}
_FEW = 50  # integers with no more values than this are taken for codes
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"
# What an integer that counts time looks like: yyyymmdd, or seconds, milliseconds and microseconds since 1970.
_EPOCHS = [(19_700_101, 21_000_101), (5e8, 5e9), (5e11, 5e12), (5e14, 5e15)]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the sample."""

    name: str
    array: pa.Array

    @functools.cached_property
    def values(self) -> pa.Array:
        """The distinct values; of a list column, those of its elements."""
        array = self.array.flatten() if self.is_list else self.array
        try:
            return pc.drop_null(array.unique())
        except pa.ArrowNotImplementedError:  # structs, maps, lists of lists: said to be unsupported by `guess`
            return pc.drop_null(array)

    @functools.cached_property
    def numbers(self) -> npt.NDArray[np.float64] | None:
        """The distinct values as sorted numbers, where they are numbers."""
        kind = self.values.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            return None
        return np.sort(self.values.to_numpy(zero_copy_only=False).astype(np.float64))

    @property
    def is_list(self) -> bool:
        kind = self.array.type
        return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))

    @property
    def is_text(self) -> bool:
        return bool(pa.types.is_string(self.values.type) or pa.types.is_large_string(self.values.type))

    @property
    def is_binary(self) -> bool:
        """Whether the values are 0 and 1, both."""
        return not self.is_list and self.numbers is not None and self.numbers.tolist() == [0.0, 1.0]

    def named(self, words: re.Pattern[str]) -> bool:
        """Whether one of the words that the name is made of (`isClick` and `is_click` have two) is one of these."""
        return any(words.fullmatch(word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", self.name))

    @property
    def is_outcome(self) -> bool:
        """Whether this looks like something that is known only after the recommendation was shown."""
        # Counts with such a name, say of an item's clicks last month, are features: they have more values than two.
        return self.named(OUTCOMES) and (self.is_binary or self.named(re.compile("rating|dwell")))

    @property
    def is_time(self) -> bool:
        if pa.types.is_temporal(self.values.type) or not len(self.values):
            return len(self.values) > 0
        if self.is_text:
            return bool(pc.all(pc.match_substring_regex(self.values, _ISO_TIME)).as_py())
        if self.numbers is None or not self.named(TIMES):
            return False
        return any(low <= self.numbers[0] and self.numbers[-1] <= high for low, high in _EPOCHS)

    @property
    def is_row_id(self) -> bool:
        """Whether nearly every row has a value of its own that says nothing of other rows."""
        # Of fewer than 20 rows nearly all values may differ by chance.
        if len(self.values) <= NEAR_UNIQUE * max(len(self.array) - self.array.null_count, 1) or len(self.array) < 20:
            return False
        if self.is_text or self.named(IDS):
            return True
        numbers = self.numbers
        # Numbers that run on from row to row, with fewer gaps than numbers.
        running = numbers is not None and numbers[-1] - numbers[0] < 2 * len(numbers)
        return bool(running and pa.types.is_integer(self.values.type))

    @property
    def is_count(self) -> bool:
        """A guess at whether integers measure something: by name, or many small values and a long tail."""
        assert self.numbers is not None
        if self.named(IDS):
            return False
        if self.named(COUNTS):
            return True
        # Counts begin near 0 and have a long tail; codes are spread evenly from wherever they begin.
        middle = float(np.median(self.numbers))
        return bool(-10 <= self.numbers[0] <= 10 and self.numbers[-1] > 3 * max(middle, 1.0))

    @property
    def separator(self) -> str | None:
        """The delimiter of texts that are lists: splitting by it must leave fewer distinct values, and no brackets."""
        if not self.is_text or pc.any(pc.match_substring_regex(self.values, r"[\[\](){}]")).as_py():
            return None
        for mark in "|;,":
            parts = pc.split_pattern(self.values, mark)
            # In texts that merely hold the mark, few cells split, or their parts differ as much as the texts do.
            split = int(pc.sum(pc.greater(pc.list_value_length(parts), 1)).as_py() or 0)
            if split >= 0.2 * len(self.values) and len(parts.flatten().unique()) < 0.8 * len(self.values):
                return mark
        return None


@dataclasses.dataclass(frozen=True)
class Guess:
    """What is to become of a column: a feature of some kind, or, where kind is None, left out for `reason`."""

    kind: str | None
    reason: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    fact: str = ""


def guess(column: Column) -> Guess:
    """Decides what a column is to become, by its type, its values and its name."""
    # What is left out comes first: an outcome or a time may be of any kind.
    distinct = len(column.values)
    if distinct + (column.array.null_count > 0) <= 1:
        return Guess(None, "constant: one value in every row")
    if column.is_outcome:
        return Guess(None, "possible leak: looks like an outcome, known only after the label's moment")
    if column.is_time:
        return Guess(None, "time: later rows have values never seen before; better to split by")
    if column.is_list:
        return _list(column)
    if column.is_row_id:
        return Guess(None, "nearly one value a row: an id of the row, or free text")
    if column.is_text:
        mark = column.separator
        return Guess("multivalued", options=(("separator", mark),)) if mark else Guess("categorical")
    if column.numbers is None:
        return Guess(None, f"values of type {column.values.type} are not supported")
    fact = f"{distinct:,} values, {_figure(column.numbers[0])} to {_figure(column.numbers[-1])}"
    if pa.types.is_floating(column.values.type):
        return Guess("numeric", fact=fact)
    return Guess("numeric", fact=fact) if distinct > _FEW and column.is_count else Guess("categorical")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _list(column: Column) -> Guess:
    if not pa.types.is_floating(column.values.type):
        usable = column.is_text or pa.types.is_integer(column.values.type)
        return Guess("multivalued") if usable else Guess(None, f"{column.array.type} is not supported")
    lengths = pc.list_value_length(column.array).unique().drop_null()
    if len(lengths) != 1:
        return Guess(None, "lists of floats of differing lengths: a dense feature has one width")
    return Guess("dense", options=(("max_length", lengths[0].as_py()),))


def find_label(path: str, columns: list[Column], asked: str | None) -> tuple[Column, str]:
    """The label column, and why it was taken."""
    if asked is not None:
        asked_columns = [column for column in columns if column.name == asked]
        if not asked_columns:
            raise DataError(f"{path}: --label {asked}: no such column; there are {listed([c.name for c in columns])}")
        if not asked_columns[0].is_binary:
            values = listed([str(value) for value in asked_columns[0].values[:5].to_pylist()])
            raise DataError(f"{path}: --label {asked}: values must be 0 and 1, both; found {values}")
        return asked_columns[0], "as asked"
    candidates = [column for column in columns if column.is_binary]
    # Reversed, so that of names that differ in case alone the first column counts.
    by_name = {column.name.lower(): column for column in reversed(candidates)}
    for name in LABELS:
        if name in by_name:
            return by_name[name], "guessed: values 0 and 1, and named like a label"
    outcomes = [column for column in candidates if column.is_outcome] or candidates
    if len(outcomes) == 1:
        return outcomes[0], "guessed: the only column of values 0 and 1 that may be it"
    if outcomes:
        names = listed([column.name for column in outcomes])
        raise DataError(f"{path}: several columns may be the label ({names}); name it with --label")
    words = [column.name for column in columns if column.is_text and set(column.values.to_pylist()) <= _TRUTHS]
    if words:
        raise DataError(f"{path}: {words[0]!r} holds true and false in words; write a label as 1 and 0")
    raise DataError(f"{path}: no column has the values 0 and 1; make such a label (rating >= 4, say) for --label")


def listed(names: list[str], most: int = 12) -> str:
    """Names in words, not too many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

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

from features.statistics import NEAR_UNIQUE
from pipeline.tools.leaks import auc_of_buckets, auc_of_codes, leak_by_filling, leak_by_value
from pipeline.tools.time_column import TimeColumn, read_times

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

# Words for things that logs name by a number; asked after the counts, as `user_visits_num` is none.
THINGS = re.compile(
    "user|item|ip|app|device|os|channel|ad|advertiser|campaign|creative|publisher|site|brand|category|cat|city|region|country|"
    "model|browser|slot|type|postcode"
)

TIME = "time: later rows have values never seen before; better to split by"  # why a column is left out
_FEW = 50  # integers with no more values than this are taken for codes
_NEARLY_UNIQUE = 0.5  # values a row from which on codes would say nothing of other rows
# By how much the AUC of a column as codes and in buckets must differ to decide, and how many standard errors that must be.
_DIFFERENCE, _ERRORS = 0.01, 2
_AUC_ERROR = 0.3  # of an AUC near .5, by the root of the rarer label's rows: the root of 1/12


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

    @functools.cached_property
    def times(self) -> TimeColumn | None:
        """The times that the column holds; None where it holds none."""
        return None if self.is_list else read_times(self.array, self.named(TIMES))

    @property
    def is_time(self) -> bool:
        return self.times is not None or (pa.types.is_temporal(self.values.type) and len(self.values) > 0)

    @property
    def is_named_number(self) -> bool:
        """Whether the name says what integers are: codes, or a measurement."""
        return self.named(IDS) or self.named(COUNTS) or self.named(THINGS)

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
    """What is to become of a column: a feature of some kind, or, where kind is None, left out for `reason`.

    Attributes:
      kind: of the feature.
      reason: why the column is left out.
      options: of the feature's rule.
      fact: what the draft says of the column.
      doubt: what else the column could be, with the figures that decided.
    """

    kind: str | None
    reason: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    fact: str = ""
    doubt: str = ""


def guess(column: Column, label: npt.NDArray[np.float64] | None = None) -> Guess:
    """Decides what a column is to become, by its type, its values, its name, and what it tells of the label.

    Args:
      column: of the sample.
      label: [rows] 0 or 1, NaN where there is none.
    """
    guessed = _by_values(column)
    if label is None or np.isnan(label).all():
        return guessed
    known = ~np.isnan(label)
    array, label = column.array.filter(pa.array(known)), label[known]
    # Times and ids of rows too: that of an order is filled only where something was ordered.
    leaks = leak_by_filling(array, label)
    if leaks is None and guessed.kind in ("categorical", "numeric"):
        leaks = leak_by_value(array, label)
    if leaks is not None or guessed.kind not in ("categorical", "numeric"):
        return Guess(None, leaks) if leaks else guessed
    if pa.types.is_integer(column.values.type) and len(column.values) > _FEW and not column.is_named_number:
        return _doubtful(column, guessed, array, label)
    return guessed


def _by_values(column: Column) -> Guess:
    # What is left out comes first: an outcome or a time may be of any kind.
    distinct = len(column.values)
    if distinct + (column.array.null_count > 0) <= 1:
        return Guess(None, "constant: one value in every row")
    if column.is_outcome:
        return Guess(None, "possible leak: looks like an outcome, known only after the label's moment")
    if column.is_time:
        return Guess(None, TIME)
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
    return Guess("numeric", fact=fact) if distinct > _FEW and _is_count(column) else Guess("categorical")


def _is_count(column: Column) -> bool:
    """Whether integers measure something: by name, nearly unique, or many small values and a long tail."""
    assert column.numbers is not None
    if column.is_named_number:
        return not column.named(IDS) and column.named(COUNTS)
    if len(column.values) > _NEARLY_UNIQUE * len(column.array):
        return True
    # Counts begin near 0 and have a long tail; codes are spread evenly from wherever they begin.
    middle = float(np.median(column.numbers))
    return bool(-10 <= column.numbers[0] <= 10 and column.numbers[-1] > 3 * max(middle, 1.0))


def _doubtful(column: Column, guessed: Guess, array: pa.Array, label: npt.NDArray[np.float64]) -> Guess:
    """Integers whose name does not say what they are: the label decides where it can, and the figures are listed."""
    assert column.numbers is not None
    figures = [f"{len(column.values):,} values", f"{_figure(column.numbers[0])} to {_figure(column.numbers[-1])}"]
    figures.append(f"median {_figure(float(np.median(column.numbers)))}")
    kind, codes, buckets = guessed.kind, auc_of_codes(array, label), auc_of_buckets(array, label)
    if codes is not None and buckets is not None:
        figures.append(f"AUC {codes:.3f} as codes and {buckets:.3f} in buckets")
        error = _AUC_ERROR / np.sqrt(min(label.sum(), (1 - label).sum()) / 2)
        if abs(codes - buckets) > max(_DIFFERENCE, _ERRORS * error):
            kind = "categorical" if codes > buckets else "numeric"
    is_numeric = kind == "numeric"
    taken = "taken for a number; if codes, categorical" if is_numeric else "taken for codes; if a number, numeric"
    return Guess(kind, doubt=f"{taken}: {', '.join(figures)}")


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


def listed(names: list[str], most: int = 12) -> str:
    """Names in words, not too many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

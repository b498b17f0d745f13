"""The label of new data: which column it is, and which of its values mean 1."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError
from pipeline.tools.columns import OUTCOMES, Column, listed

# Names of labels in public logs of clicks and conversions, the likeliest first.
LABELS = [
    *("label", "click", "is_click", "clicked", "is_clicked", "target"),
    *("converted", "is_converted", "conversion", "y"),
]
# Words for 1, in small letters. Of two other words the rarer one is taken, as clicks and purchases are rare.
_YES = {"true", "t", "yes", "y", "1", "click", "clicked", "positive", "pos", "buy", "purchase", "purchased", "converted"}
_MOST_VALUES = 12  # of a label: stars from half a one to five are ten; a column with more is no label


@dataclasses.dataclass(frozen=True)
class Label:
    """The label's column.

    Attributes:
      column: the column.
      why: why it was taken.
      values: [rows] 0 or 1; NaN where there is none.
      positive: values that mean 1, as `data.positive` has them; none where labels are 0 and 1.
    """

    column: Column
    why: str
    values: npt.NDArray[np.float64]
    positive: tuple[str, ...] = ()

    @property
    def unlabelled(self) -> int:
        """How many rows of the sample have no label."""
        return int(np.isnan(self.values).sum())


def find_label(path: str, columns: list[Column], asked: str | None) -> Label:
    """The label, named or guessed.

    Raises:
      DataError: no column can be it, or several can; or one seems to be, but its values are not 0 and 1.
    """
    if asked is not None:
        return _asked(path, columns, asked)
    candidates = [column for column in columns if _is_plain(column)]
    # Reversed, so that of names that differ in case alone the first column counts.
    by_name = {column.name.lower(): column for column in reversed(candidates)}
    for name in LABELS:
        if name in by_name:
            return _plain(by_name[name], "guessed: values 0 and 1, and named like a label")
    likely = [column for column in columns if column.name.lower() in LABELS and _positive(column)]
    if likely:
        raise DataError(_unmapped(path, likely[0]))
    outcomes = [column for column in candidates if column.is_outcome] or candidates
    if len(outcomes) == 1:
        return _plain(outcomes[0], "guessed: the only column of values 0 and 1 that may be it")
    if outcomes:
        names = listed([column.name for column in outcomes])
        raise DataError(f"{path}: several columns may be the label ({names}); name it with --label")
    likely = [column for column in columns if column.named(OUTCOMES) and _positive(column)]
    likely = likely or [column for column in columns if _is_two_words(column)]
    if likely:
        raise DataError(_unmapped(path, likely[-1]))
    raise DataError(f"{path}: no column has the values 0 and 1; make such a label (rating >= 4, say) for --label")


def _asked(path: str, columns: list[Column], name: str) -> Label:
    column = next((column for column in columns if column.name == name), None)
    trimmed = [each for each in columns if each.name.strip() == name.strip()]
    if column is None and len(trimmed) == 1:  # headers such as `age, income` have blanks in their names
        column = trimmed[0]
    if column is None:
        raise DataError(f"{path}: --label {name}: no such column; there are {listed([c.name for c in columns])}")
    if _is_plain(column) or column.is_binary:
        return _plain(column, "as asked")
    positive = _positive(column)
    if not positive:
        held = listed(list(_counts(column)), 5)
        raise DataError(f"{path}: --label {name}: values must be 0 and 1, or a few of which some mean 1; found {held}")
    texts = _texts(column.array)
    values = np.asarray(pc.is_in(texts, pa.array(positive))).astype(np.float64)
    values[np.asarray(pc.equal(texts, ""))] = np.nan
    others = listed([value for value in _counts(column) if value not in positive])
    meaning = f"as asked; guessed: {listed(positive)} means 1, and {others} means 0"
    return Label(column, meaning, values, tuple(_written(column, positive)))


def _is_plain(column: Column) -> bool:
    """Whether the values are 0 and 1, both; also -1, which stands for no label, where the name is of an outcome."""
    if column.is_binary:
        return True
    if column.is_list or column.numbers is None or column.numbers.tolist() != [-1.0, 0.0, 1.0]:
        return False
    return column.name.lower() in LABELS or column.named(OUTCOMES)


def _is_two_words(column: Column) -> bool:
    """Whether the values are two words, 0 and 1 with blanks, or -1 and 1."""
    if column.numbers is not None and not column.is_list:
        return column.numbers.tolist() == [-1.0, 1.0]
    return len(_counts(column)) == 2


def _plain(column: Column, why: str) -> Label:
    numbers = np.asarray(column.array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    return Label(column, why, np.where(numbers < 0, np.nan, numbers))


def _unmapped(path: str, column: Column) -> str:
    held = listed([f"{value} ({count:,} rows)" for value, count in _counts(column).items()], 5)
    guess = ", ".join(_positive(column))
    return (
        f"{path}: column {column.name!r} may be the label, but holds {held}; `--label {column.name.strip()}` drafts "
        f"data.positive: [{guess}], which says what means 1"
    )


def _positive(column: Column) -> list[str]:
    """A guess at the values that mean 1, trimmed; none where there is no guess."""
    counts = _counts(column)
    if not 2 <= len(counts) <= _MOST_VALUES:
        return []
    if column.numbers is not None:
        middle = (column.numbers[0] + column.numbers[-1]) / 2
        return [value for value in counts if float(value) > middle]
    # Among three or more values, a letter such as y is a code like the others.
    yes = [value for value in counts if value.lower() in _YES and (len(counts) == 2 or len(value) > 1)]
    if len(yes) in (0, len(counts)) and len(counts) == 2:
        return [min(counts, key=lambda value: (counts[value], value))]
    return yes


def _counts(column: Column) -> dict[str, int]:
    """Rows of each different value, trimmed; in order. Empty for lists, and for what has more values than labels have."""
    if column.is_list or len(column.values) > 4 * _MOST_VALUES or not (column.is_text or column.numbers is not None):
        return {}
    counted = pc.value_counts(_texts(column.array))
    pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    return dict(sorted(pair for pair in pairs if pair[0]))


def _texts(array: pa.Array) -> pa.Array:
    """Values as trimmed texts, whole numbers without a point; the empty text where there is none."""
    return pc.utf8_trim_whitespace(array.cast(pa.string())).fill_null("")


def _written(column: Column, positive: list[str]) -> list[str]:
    """Values as files may have them: 4 may stand for 4.0 where a column has fractions or gaps."""
    if column.numbers is None or (pa.types.is_integer(column.array.type) and not column.array.null_count):
        return positive
    return list(dict.fromkeys(form for value in positive for form in (value, str(float(value)))))

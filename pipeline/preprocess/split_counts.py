"""How many rows and positives each split has: said as soon as they are counted, and refused where they prove nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from features.config.data import DataConfig
from features.errors import DataError
from features.manifest import SplitCounts
from pipeline.preprocess.split import SPLITS

# The standard error of an AUC of .75 is about .19 divided by the root of the rarer label's rows (Hanley and McNeil, Radiology
# 1982, where the other label has many rows). Differences between models are seldom above .02, which takes 100 such rows.
_AUC_ERROR = 0.19
_FEW_ROWS = 100


def add_counts(parts: Iterable[Mapping[str, SplitCounts]]) -> dict[str, SplitCounts]:
    """Counts of all splits over some shards; also of splits without rows."""
    totals = dict.fromkeys(SPLITS, SplitCounts())
    for part in parts:
        for split, counts in part.items():
            before = totals[split]
            totals[split] = SplitCounts(rows=before.rows + counts.rows, positives=before.positives + counts.positives)
    return totals


def describe(counts: Mapping[str, SplitCounts]) -> str:
    """Rows and positives of the splits that have rows, such as `train 900 rows, 27 positive (3.00 %)`."""
    return "; ".join(
        f"{split} {of_split.rows:,} rows, {of_split.positives:,} positive ({of_split.positives / of_split.rows:.2%})"
        for split, of_split in counts.items()
        if of_split.rows
    )


def check_counts(data: DataConfig, counts: Mapping[str, SplitCounts]) -> None:
    """Refuses splits that cannot train or test a model.

    Raises:
      DataError: train has no rows, a split that the config asks for has none, or all labels of a split are the same.
    """
    if not counts["train"].rows:
        raise DataError("preprocess: the train split has no rows; look at data.train and data.split")
    total = sum(of_split.rows for of_split in counts.values())
    for split, of_split in counts.items():
        field, remedy = _asked(data, split)
        if field and not of_split.rows:
            raise DataError(f"{field}: the {split} split has none of the {total:,} rows; {remedy}")
        if of_split.rows and of_split.positives in (0, of_split.rows):
            raise DataError(_one_label(data, split, of_split, field or "data.split", remedy))


def warnings(counts: Mapping[str, SplitCounts]) -> list[str]:
    """What is too few in the splits that have rows, in sentences."""
    sentences = []
    for split, of_split in counts.items():
        label, fewest = min(
            (("positives", of_split.positives), ("negatives", of_split.rows - of_split.positives)), key=lambda each: each[1]
        )
        if of_split.rows and fewest < _FEW_ROWS:
            error = _AUC_ERROR / math.sqrt(max(fewest, 1))
            means = "too few to learn from" if split == "train" else f"any AUC over it is uncertain by {error:.2f}"
            sentences.append(
                f"{fewest:,} {label} in the {of_split.rows:,} rows of the {split} split: {means}; give it more rows"
            )
    return sentences


def _one_label(data: DataConfig, split: str, of_split: SplitCounts, field: str, remedy: str) -> str:
    value = 1 if of_split.positives else 0
    same = f"column {data.label!r} is {value} in all {of_split.rows:,} rows of the {split} split"
    if split == "train":
        return f"data.label: {same}; nothing to learn"
    return f"data.label: {same}, so that nothing can be measured on it; {field}: {remedy}"


def _asked(data: DataConfig, split: str) -> tuple[str | None, str]:
    """The field that asks for a split, None where no field does, and what to do where it gives no rows."""
    if split == "train":
        return None, ""
    if getattr(data, split):
        return f"data.{split}", "name files that have good rows of both labels, or leave it out"
    remedies: dict[str, Callable[[], tuple[str, str]]] = {
        "row": lambda: (split, "raise the share"),
        "hash": lambda: (split, "raise the share, or take a column with more values"),
        "column": lambda: (f"{split}_values", f"look at the values of column {data.split.column!r}, or give an empty list"),
        "time": lambda: (f"{split}_from", f"look at the times in column {data.split.column!r}, and name an earlier one"),
    }
    name, remedy = remedies[data.split.by]()
    field = f"data.split.{name}" if data.split.given(name) and getattr(data.split, name) not in (0, [], None) else None
    return field, remedy

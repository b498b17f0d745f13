"""Warnings: what in the data or the schedule makes a search worth less than it looks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import DataError
from models.metrics import exact_auc
from models.schedule import Schedule
from pipeline.dataset.reader import Reader
from pipeline.runtime.console import say

SAMPLE = 200_000
LEAK, CHANCE = 0.99, 0.51
# Optimizer steps a round from which on more of them no longer change the ranking much (docs/selection.md).
_ENOUGH_STEPS = 20


def warn_of_schedule(schedule: Schedule, epochs: int) -> None:
    """Too few steps in a round, or too many epochs."""
    mean = schedule.steps // schedule.rounds
    if mean < _ENOUGH_STEPS:
        average = "" if len(set(schedule.round_steps)) == 1 else " on average"
        say(
            f"warning: {mean} optimizer steps a round{average}; under {_ENOUGH_STEPS} the ranking loses quality "
            "(raise selection.epochs or picks_per_round, or lower selection.batch_size)"
        )
    if epochs > 4:
        say(f"warning: selection.epochs is {epochs}; more than 4 epochs over-fit the ranking")


def warn_of_quality(auc: float, what: str) -> None:
    """No better than chance."""
    if auc < CHANCE:
        say(f"warning: {what} AUC is {auc:.4f}, no better than chance: check data.label, the features and the learning rates")


def warn_of_data(reader: Reader) -> None:
    """A feature that alone all but tells the label, or two that say the same of every row; of up to 200,000 train rows."""
    try:
        columns, label = _sample(reader)
        for name, auc in single_aucs(columns, label).items():
            if auc > LEAK:
                say(f"warning: {name} alone gives AUC {auc:.4f}: is it known before the label? If not, exclude it")
        for first, second in same_partitions(columns):
            say(f"warning: {first} and {second} tell the same rows apart in this data; selection.exclude one of them")
    except DataError:
        return


def single_aucs(columns: Mapping[str, npt.NDArray[Any]], label: npt.NDArray[np.floating]) -> dict[str, float]:
    """AUC of each feature alone: ids score by the mean label of the other half of the rows, floats by their value.

    Args:
      columns: [rows] int ids or floats by feature.
      label: [rows] 0 or 1.
    """
    half = np.arange(len(label)) % 2 == 0
    found = {}
    for name, column in columns.items():
        if column.dtype.kind == "f":
            auc = exact_auc(column, label)
            found[name] = max(auc, 1 - auc)
            continue
        size = int(column.max()) + 1
        shown = np.bincount(column[half], minlength=size)
        positive = np.bincount(column[half], label[half], size)
        score = (positive + label.mean()) / (shown + 1)
        found[name] = exact_auc(score[column[~half]], label[~half])
    return found


def same_partitions(columns: Mapping[str, npt.NDArray[Any]]) -> list[tuple[str, str]]:
    """Pairs of features whose values split the rows alike, the first of its kind named first."""
    seen: dict[bytes, str] = {}
    pairs = []
    for name, column in columns.items():
        _, first, inverse = np.unique(column, return_index=True, return_inverse=True)
        if len(first) < 2:
            continue
        key = first[inverse].tobytes()  # each row becomes the first row with its value
        if key in seen:
            pairs.append((seen[key], name))
        seen.setdefault(key, name)
    return pairs


def _sample(reader: Reader) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.floating]]:
    """Features of one value a row."""
    batches = list(islice(reader.ordered(8192), -(-SAMPLE // 8192)))
    label = np.concatenate([batch[1][:, 0] for batch in batches])
    columns: dict[str, npt.NDArray[Any]] = {}
    for kind, encodings in (
        ("ids", [e for e in reader.encodings if e.embedded]),
        ("values", [e for e in reader.encodings if not e.embedded]),
    ):
        if not encodings:
            continue
        matrix = np.concatenate([batch[0][kind] for batch in batches])
        starts = np.cumsum([0] + [encoding.length for encoding in encodings])
        columns |= {e.name: matrix[:, at] for e, at in zip(encodings, starts, strict=False) if e.length == 1}
    return columns, label

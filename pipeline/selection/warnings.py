"""Warnings: what in the data or the schedule makes a search worth less than it looks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from features.encoding import Encoding
from features.errors import DataError
from models.metrics import exact_auc
from models.schedule import Schedule
from pipeline.dataset.reader import Reader
from pipeline.runtime.console import say
from pipeline.selection.estimator import EVALUATION_BATCH

Columns = Mapping[str, npt.NDArray[Any]]
# Train rows that are looked at: in so many an AUC is sure to a few thousandths, and they are read in a second.
SAMPLE = 200_000
# AUC of a feature alone from which on it is asked whether it is known before the label; honest features are far below.
LEAK = 0.99
# AUC below which a model has learnt nothing: chance is .5, and a few thousand rows err by less than .01.
CHANCE = 0.51
# Optimizer steps a round from which on more of them no longer change the ranking much (docs/selection.md).
_ENOUGH_STEPS = 20
# Epochs of a search from which on ids are learnt by heart, and the ranking follows what is learnt (docs/selection.md).
_MOST_EPOCHS = 4


def warn_of_schedule(schedule: Schedule, epochs: int) -> None:
    """Warns of too few steps in a round, and of too many epochs."""
    mean = schedule.steps // schedule.rounds
    if mean < _ENOUGH_STEPS:
        average = "" if len(set(schedule.round_steps)) == 1 else " on average"
        say(
            f"warning: {mean} optimizer steps a round{average}; under {_ENOUGH_STEPS} the ranking loses quality "
            "(raise selection.epochs or picks_per_round, or lower selection.batch_size)"
        )
    if epochs > _MOST_EPOCHS:
        say(f"warning: selection.epochs is {epochs}; more than {_MOST_EPOCHS} epochs over-fit the ranking")


def warn_of_quality(auc: float, what: str) -> None:
    """Warns of a model that is no better than chance."""
    if auc < CHANCE:
        say(f"warning: {what} AUC is {auc:.4f}, no better than chance: check data.label, the features and the learning rates")


def warn_of_data(reader: Reader) -> None:
    """Warns of a feature that alone all but tells the label, and of two that say the same of every row.

    Looks at up to 200,000 train rows; what is wrong with the rows themselves is said where they are trained on.
    """
    try:
        columns, label = _sample(reader)
        aucs, pairs = single_aucs(columns, label), same_partitions(columns)
    except DataError:
        return
    for name, auc in aucs.items():
        if auc > LEAK:
            say(f"warning: {name} alone gives AUC {auc:.4f}: is it known before the label? If not, exclude it")
    for first, second in pairs:
        say(f"warning: {first} and {second} tell the same rows apart in this data; selection.exclude one of them")


def single_aucs(columns: Columns, label: npt.NDArray[np.floating]) -> dict[str, float]:
    """AUC of each feature alone: ids score by the mean label of the other half of the rows, floats by their value.

    Args:
      columns: [rows] int ids or floats by feature.
      label: [rows] 0 or 1.

    Raises:
      DataError: only one label occurs.
    """
    return {name: _auc_of_floats(c, label) if c.dtype.kind == "f" else _auc_of_ids(c, label) for name, c in columns.items()}


def same_partitions(columns: Columns) -> list[tuple[str, str]]:
    """Pairs of features whose values split the rows alike, the first of its kind named first.

    Args:
      columns: [rows] ids or floats by feature; constant ones split nothing and are passed over.
    """
    first_with: dict[bytes, str] = {}
    pairs = []
    for name, column in columns.items():
        _, first_rows, value_of_row = np.unique(column, return_index=True, return_inverse=True)
        if len(first_rows) < 2:
            continue
        # Each row becomes the first row with its value: the same for features that differ in their ids alone.
        partition = first_rows[value_of_row].tobytes()
        if partition in first_with:
            pairs.append((first_with[partition], name))
        first_with.setdefault(partition, name)
    return pairs


def _auc_of_floats(column: npt.NDArray[Any], label: npt.NDArray[np.floating]) -> float:
    """The AUC of the values, or of their opposites."""
    auc = exact_auc(column, label)
    return max(auc, 1 - auc)


def _auc_of_ids(column: npt.NDArray[Any], label: npt.NDArray[np.floating]) -> float:
    """Ids of the odd rows score by the mean label of their even rows, drawn to the mean of all by one row's weight.

    An id that occurs once would tell its own label; the other half of the rows does not know it.
    """
    even = np.arange(len(label)) % 2 == 0
    size = int(column.max()) + 1
    rows = np.bincount(column[even], minlength=size)
    positive = np.bincount(column[even], label[even], size)
    score = (positive + label.mean()) / (rows + 1)
    return exact_auc(score[column[~even]], label[~even])


def _sample(reader: Reader) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.floating]]:
    """Features of one value a row, [rows] each, and the label, [rows]."""
    batches = list(islice(reader.ordered(EVALUATION_BATCH), -(-SAMPLE // EVALUATION_BATCH)))
    label = np.concatenate([batch[1][:, 0] for batch in batches])
    columns: dict[str, npt.NDArray[Any]] = {}
    by_input: dict[str, list[Encoding]] = {
        "ids": [encoding for encoding in reader.encodings if encoding.embedded],
        "values": [encoding for encoding in reader.encodings if not encoding.embedded],
    }
    for name, encodings in by_input.items():
        if encodings:
            matrix = np.concatenate([batch[0][name] for batch in batches])
            starts = np.cumsum([0] + [encoding.length for encoding in encodings])
            columns |= {e.name: matrix[:, start] for e, start in zip(encodings, starts, strict=False) if e.length == 1}
    return columns, label

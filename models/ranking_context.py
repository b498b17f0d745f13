"""What a ranking method is given: candidates, ways to build and train the model around a gate, and held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.encoding import Encoding
from models.table_layout import TableLayout

Ints = npt.NDArray[np.int64]
Train = Callable[[Any, int, int, Sequence[tf.keras.callbacks.Callback]], Any]


@dataclass(frozen=True)
class RankingContext:
    """The same for all methods, so that they differ in nothing but how they score.

    Attributes:
      names: [candidates].
      owners: [columns] candidate of each column that `model.embedding` gives.
      slots: candidate of each slot (column) of each input array.
      build: makes a compiled model with `embedding`, `gate` and `head` around a gate, or none; the same start each time.
      train: trains a model for (rounds, steps a round) from the data's first batch on; callbacks see rounds as epochs.
      steps: optimizer steps a method's training takes.
      held_out: (inputs, label[, weight]) batches of NumPy arrays, not trained on where there is a validation split.
      seed: of what a method draws itself.
      tables: [rows] candidate of each row of each table, in the order of `model.table_variables`.
    """

    names: Sequence[str]
    owners: list[int]
    slots: Mapping[str, Ints]
    build: Callable[[Any], Any]
    train: Train
    steps: int
    held_out: Sequence[Any]
    seed: int
    tables: Sequence[Ints] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        encodings: Sequence[Encoding],
        widths: Mapping[str, int],
        units: Sequence[Sequence[str]],
        build: Callable[[Any], Any],
        train: Train,
        steps: int,
        held_out: Sequence[Any],
        seed: int,
    ) -> RankingContext:
        """A context over the features of a ranking model; features of one unit are one candidate."""
        place = {name: index for index, unit in enumerate(units) for name in unit}
        layout = TableLayout(encodings, widths)
        owner = np.array([place[encoding.name] for encoding in encodings])
        lengths = np.array([encoding.length for encoding in encodings])
        embedded = np.array([encoding.embedded for encoding in encodings], bool)
        ids, values = (np.repeat(owner[own], lengths[own]) for own in (embedded, ~embedded))
        tables = [np.array([place[name] for name in group.names])[group.feature_of_row] for group in layout.groups]
        names, owners = [" + ".join(unit) for unit in units], [place[name] for name in layout.owners]
        slots = {"ids": ids, "weights": ids, "values": values}
        return cls(names, owners, slots, build, train, steps, held_out, seed, tables)

    def totals(self, columns: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Sums [..., columns] over the columns of each candidate: float64 [..., candidates]."""
        membership = np.zeros((len(self.owners), len(self.names)))
        membership[np.arange(len(self.owners)), self.owners] = 1
        return np.asarray(columns, np.float64) @ membership

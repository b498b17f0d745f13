"""What a ranking method is given: candidates, ways to build and train the model around a gate, and held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.encoding import Encoding
from models.table_layout import TableLayout

Ints = npt.NDArray[np.integer]
Array = npt.NDArray[Any]
Batch: TypeAlias = "tuple[Mapping[str, Array], Array] | tuple[Mapping[str, Array], Array, Array]"
"""(inputs, label[, weight])."""
Build = Callable[[tf.keras.layers.Layer | None], tf.keras.Model]
Train = Callable[[tf.keras.Model, Sequence[int], Sequence[tf.keras.callbacks.Callback]], object]


@dataclass(frozen=True)
class RankingContext:
    """The same for all methods, so that they differ in nothing but how they score.

    Attributes:
      names: [candidates].
      owners: [columns] candidate of each column that `model.embedding` gives.
      slots: candidate of each slot (column) of each input array.
      build: makes a compiled model with `embedding`, `gate` and `head` around a gate, or none; the same start each time.
      train: trains a model for rounds of so many steps, from the data's first batch on; callbacks see rounds as epochs.
      steps: optimizer steps a method's training takes.
      held_out: batches of NumPy arrays, not trained on where there is a validation split.
      seed: of what a method draws itself.
      tables: [rows] candidate of each row of each table, in the order of `model.table_variables`.
    """

    names: Sequence[str]
    owners: list[int]
    slots: Mapping[str, Ints]
    build: Build
    train: Train
    steps: int
    held_out: Sequence[Batch]
    seed: int
    tables: Sequence[Ints] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        encodings: Sequence[Encoding],
        widths: Mapping[str, int],
        units: Sequence[Sequence[str]],
        build: Build,
        train: Train,
        steps: int,
        held_out: Sequence[Batch],
        seed: int,
    ) -> RankingContext:
        """A context over the features of a ranking model; features of one unit are one candidate."""
        candidate_of = {name: candidate for candidate, unit in enumerate(units) for name in unit}
        layout = TableLayout(encodings, widths)
        owner_of_slot = np.repeat([candidate_of[e.name] for e in encodings], [e.length for e in encodings])
        embedded = np.repeat([e.embedded for e in encodings], [e.length for e in encodings])
        # Weights have the slots of the ids that they weigh.
        ids, values = owner_of_slot[embedded], owner_of_slot[~embedded]
        slots = {"ids": ids, "weights": ids, "values": values}
        tables = [np.array([candidate_of[name] for name in group.names])[group.feature_of_row] for group in layout.groups]
        names, owners = [" + ".join(unit) for unit in units], [candidate_of[name] for name in layout.owners]
        return cls(names, owners, slots, build, train, steps, held_out, seed, tables)

    def totals(self, columns: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Sums [..., columns] over the columns of each candidate: float64 [..., candidates]."""
        # A product, because columns of one candidate need not stand side by side.
        membership = np.zeros((len(self.owners), len(self.names)))
        membership[np.arange(len(self.owners)), self.owners] = 1
        return np.asarray(columns, np.float64) @ membership

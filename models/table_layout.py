"""Where each feature lies: its slots in the input, its rows in a table, its columns in the matrix that is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.encoding import Encoding

Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class TableGroup:
    """The features of one width, whose rows stand below each other in one table.

    Attributes:
      width: columns of the table.
      encodings: of the features, in the order of the input.
      slots: int [group's slots] the columns of the input's `ids` that hold these features.
      takes_all_slots: whether these are all columns of `ids`, so that none has to be gathered.
    """

    width: int
    encodings: Sequence[Encoding]
    slots: Ints
    takes_all_slots: bool

    @cached_property
    def names(self) -> list[str]:
        """Of the features."""
        return [encoding.name for encoding in self.encodings]

    @cached_property
    def rows(self) -> int:
        """Of the table."""
        return sum(encoding.rows for encoding in self.encodings)

    @cached_property
    def pooled(self) -> bool:
        """Whether a feature has several ids an example, whose vectors are averaged."""
        return max(encoding.length for encoding in self.encodings) > 1

    @cached_property
    def feature_of_slot(self) -> Ints:
        """Index in `names` of the feature that each slot belongs to, int64 [group's slots]."""
        return np.repeat(np.arange(len(self.encodings)), [encoding.length for encoding in self.encodings])

    @cached_property
    def feature_of_row(self) -> Ints:
        """Index in `names` of the feature that each row of the table belongs to, int64 [rows]."""
        return np.repeat(np.arange(len(self.encodings)), [encoding.rows for encoding in self.encodings])

    @cached_property
    def offsets(self) -> Ints:
        """What is added to the ids of each slot to get rows of the table, int32 [group's slots]."""
        first_rows = np.cumsum([0] + [encoding.rows for encoding in self.encodings])[:-1]
        # int32 as the ids are: TensorFlow adds no tensors of two types.
        return first_rows[self.feature_of_slot].astype(np.int32)


@dataclass(frozen=True)
class TableLayout:
    """The embedding tables of a model and the matrix that is looked up in them, as numbers; no TensorFlow.

    Attributes:
      encodings: of the features, in the order of the input's slots.
      widths: columns of each embedded feature, by name; features of one width share a table. A float feature brings its
        own length and need not be in it.
    """

    encodings: Sequence[Encoding]
    widths: Mapping[str, int]

    @cached_property
    def groups(self) -> list[TableGroup]:
        """One for each table, by rising width."""
        embedded = [encoding for encoding in self.encodings if encoding.embedded]
        by_width: dict[int, list[Encoding]] = {}
        for encoding in embedded:
            by_width.setdefault(self.widths[encoding.name], []).append(encoding)
        # By width: so the order of the variables in a checkpoint does not depend on that of the features.
        return [
            TableGroup(width, members, self._slots(members), len(members) == len(embedded))
            for width, members in sorted(by_width.items())
        ]

    @cached_property
    def owners(self) -> list[str]:
        """Name of the feature that owns each column of the matrix: table after table, the float features last."""
        # As `EmbeddingTables` sets its parts side by side.
        embedded = [name for group in self.groups for name in group.names for _ in range(group.width)]
        return embedded + [e.name for e in self.encodings if not e.embedded for _ in range(e.length)]

    def _slots(self, members: Sequence[Encoding]) -> Ints:
        embedded = [encoding for encoding in self.encodings if encoding.embedded]
        first = np.cumsum([0] + [encoding.length for encoding in embedded])
        # Not strict: the last of the sums is where a further feature would begin.
        starts = {encoding.name: int(start) for encoding, start in zip(embedded, first, strict=False)}
        return np.concatenate([starts[e.name] + np.arange(e.length) for e in members])

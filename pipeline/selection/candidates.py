"""What a search chooses from: the features that take part, in units that are picked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.config import Config
from features.encoding import Encoding, full_widths
from features.errors import ConfigError
from models.gate import SequentialAttention
from models.table_layout import TableLayout
from pipeline.dataset.transformed import Transformed


@dataclass(frozen=True)
class Candidates:
    """What the search chooses from.

    Attributes:
      encodings: of the features that take part.
      reasons: of the features that do not, by name.
      keep: features that are picked from the start.
      widths: full width of each feature.
    """

    encodings: Sequence[Encoding]
    reasons: Mapping[str, str]
    keep: Sequence[str]
    widths: Mapping[str, int]

    @classmethod
    def of(cls, config: Config, data: Transformed) -> Candidates:
        """The config's and the data's.

        Raises:
          ConfigError: none is left, or a must-keep feature is unfit.
        """
        names = [encoding.name for encoding in data.encodings]
        excluded = set(config.matching("exclude", names))
        keep = config.matching("keep", names)
        reasons: dict[str, str] = {}
        for statistics in data.statistics_document.features:
            if statistics.name in excluded:
                reasons[statistics.name] = "excluded by the config"
            elif statistics.fault:
                reasons[statistics.name] = statistics.fault
        for name in keep:
            if name in reasons:
                raise ConfigError(f"selection.keep: {name!r} cannot be kept: {reasons[name]}")
        left = [encoding for encoding in data.encodings if encoding.name not in reasons]
        if not left:
            raise ConfigError("selection: every feature is excluded or constant; nothing to choose from")
        return cls(left, reasons, keep, full_widths(left, config.model.embedding_width))

    def allowed(self, widths: Sequence[int]) -> list[int]:
        """Those of the widths that are below the full one, and that."""
        full = max(self.widths.values())
        return [*sorted(width for width in widths if width < full), full]

    @cached_property
    def names(self) -> list[str]:
        """Of the features."""
        return [encoding.name for encoding in self.encodings]

    @cached_property
    def units(self) -> list[list[str]]:
        """Features that are picked together: those of a group, and each other one alone."""
        found: dict[Any, list[str]] = {}
        for encoding in self.encodings:
            found.setdefault(("group", encoding.group) if encoding.group else encoding.name, []).append(encoding.name)
        return list(found.values())

    @cached_property
    def unit_of(self) -> dict[str, int]:
        """Place in `units` of each feature."""
        return {name: place for place, unit in enumerate(self.units) for name in unit}

    @cached_property
    def kept_units(self) -> list[int]:
        """Places of the units with a must-keep feature."""
        return sorted({self.unit_of[name] for name in self.keep})

    def gate(self, widths: Sequence[int] = (), members: int | None = None) -> SequentialAttention:
        """A gate over the model's columns, one candidate a unit.

        Args:
          widths: where a candidate's chunks end (see `chunk_widths`); without, each candidate is one chunk.
          members: as the gate's.
        """
        owners = TableLayout(self.encodings, self.widths).owners
        place = {name: owners.index(name) for name in dict.fromkeys(owners)}
        floats = {encoding.name for encoding in self.encodings if not encoding.embedded}
        columns = [0 if name in floats else column - place[name] for column, name in enumerate(owners)]
        chunks = [int(np.searchsorted(widths, column + 1)) if widths else 0 for column in columns]
        return SequentialAttention([self.unit_of[name] for name in owners], chunks, members, name="gate")

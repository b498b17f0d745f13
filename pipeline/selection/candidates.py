"""What a search chooses from: the features that take part, in units that are picked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.config import Config
from features.encoding import Encoding, full_widths
from features.errors import ConfigError
from models.gate import SequentialAttention
from models.table_layout import TableLayout
from pipeline.dataset.full_model import excluded_features
from pipeline.dataset.transformed import Transformed


@dataclass(frozen=True)
class Candidates:
    """What the search chooses from.

    Attributes:
      encodings: of the features that take part.
      reasons: why each other feature takes no part, by name.
      keep: features that are picked from the start.
      widths: full width of each feature.
    """

    encodings: Sequence[Encoding]
    reasons: Mapping[str, str]
    keep: Sequence[str]
    widths: Mapping[str, int]

    @classmethod
    def of(cls, config: Config, transformed: Transformed) -> Candidates:
        """The candidates that a config and a transformed folder leave to choose from.

        Raises:
          ConfigError: none is left, or a must-keep feature is unfit.
        """
        names = [encoding.name for encoding in transformed.encodings]
        # What cannot tell examples apart would still get attention, and rounds with it.
        keep, reasons = config.matching("keep", names), _reasons(config, transformed)
        unfit = next((name for name in keep if name in reasons), None)
        if unfit is not None:
            raise ConfigError(f"selection.keep: {unfit!r} cannot be kept: {reasons[unfit]}")
        left = [encoding for encoding in transformed.encodings if encoding.name not in reasons]
        if not left:
            raise ConfigError("selection: every feature is excluded or constant; nothing to choose from")
        return cls(left, reasons, keep, full_widths(left, config.model.embedding_width))

    def allowed(self, widths: Sequence[int]) -> list[int]:
        """The widths to choose from: those of `widths` that are below the full width, then the full width."""
        full = max(self.widths.values())
        return [*sorted(width for width in widths if width < full), full]

    @cached_property
    def names(self) -> list[str]:
        """Names of the features that take part, in the data's order."""
        return [encoding.name for encoding in self.encodings]

    @cached_property
    def units(self) -> list[list[str]]:
        """Features that are picked together: those of a group, and each other one alone."""
        units: dict[tuple[str, str], list[str]] = {}
        for encoding in self.encodings:
            # A group may have the name of a feature.
            label = ("group", encoding.group) if encoding.group else ("feature", encoding.name)
            units.setdefault(label, []).append(encoding.name)
        return list(units.values())

    @cached_property
    def unit_of(self) -> dict[str, int]:
        """Index in `units` of each feature."""
        return {name: index for index, unit in enumerate(self.units) for name in unit}

    @cached_property
    def kept_units(self) -> list[int]:
        """Indices of the units with a must-keep feature."""
        return sorted({self.unit_of[name] for name in self.keep})

    def gate(self, widths: Sequence[int] = (), gate_count: int | None = None) -> SequentialAttention:
        """A gate over the model's columns, one candidate a unit.

        Args:
          widths: where a candidate's chunks end (see `chunk_widths`); without, each candidate is one chunk.
          gate_count: of gates trained side by side, as in `SequentialAttention`.
        """
        owners = TableLayout(self.encodings, self.widths).owners
        first_column = {name: owners.index(name) for name in dict.fromkeys(owners)}
        # Float features have no width to choose: all their columns are one chunk.
        floats = {encoding.name for encoding in self.encodings if not encoding.embedded}
        columns = [0 if name in floats else column - first_column[name] for column, name in enumerate(owners)]
        # The first chunk that ends behind the column; without widths there is one chunk.
        chunks = [int(np.searchsorted(widths, column + 1)) if widths else 0 for column in columns]
        return SequentialAttention([self.unit_of[name] for name in owners], chunks, gate_count, name="gate")


def _reasons(config: Config, transformed: Transformed) -> dict[str, str]:
    """Why features take no part, by name."""
    excluded = excluded_features(config, transformed)
    reasons = {}
    for statistics in transformed.statistics_document.features:  # in the data's order, as they are reported
        reason = excluded.get(statistics.name) or statistics.fault
        if reason is not None:
            reasons[statistics.name] = reason
    return reasons

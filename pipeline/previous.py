"""An earlier feature spec to move on from: its features have a head start, and its choice is proved beside the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.config import Config
from features.errors import ConfigError
from features.fields import expand
from features.spec import FeatureSpec
from pipeline.transformed import Transformed


@dataclass(frozen=True)
class Previous:
    """What an earlier selection kept.

    Attributes:
      spec: its spec.
      head_start: of its features, in standard deviations of the candidates' scores.
    """

    spec: FeatureSpec
    head_start: float

    @classmethod
    def of(cls, config: Config) -> Previous | None:
        """The config's `selection.previous`, where there is one.

        Raises:
          DataError: it cannot be read.
          ConfigError: it is of another label.
        """
        path = config.selection.previous
        if not path:
            return None
        spec = FeatureSpec.load(expand(path))
        if spec.label != config.data.label:
            raise ConfigError(f"{path}: is a spec for the label {spec.label!r}, but data.label is {config.data.label!r}")
        return cls(spec, config.selection.head_start)

    def starts(self, units: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
        """[units] the head start of each unit of candidates; those that hold a feature of the spec have it.

        Raises:
          ConfigError: none does.
        """
        names = set(self.spec.names())
        held = np.array([bool(names & set(unit)) for unit in units])
        if not held.any():
            raise ConfigError(
                f"selection.previous: no candidate is a feature of the spec of {self.spec.name}; name another spec"
            )
        return self.head_start * held

    def widths(self, config: Config, data: Transformed) -> dict[str, int]:
        """The spec's features with their widths, as far as the data still has them."""
        full = {e.name: e.width(config.model.embedding_width) for e in data.encodings}
        floats = {e.name for e in data.encodings if not e.embedded}
        widths = {name: width for name, width in self.spec.widths().items() if name in full}
        return {name: full[name] if name in floats else min(width, full[name]) for name, width in widths.items()}

    def changes(self, kept: Mapping[str, int], reasons: Mapping[str, str]) -> dict[str, Any]:
        """What came and went.

        Args:
          kept: the new choice, features with widths.
          reasons: why features of the data are not in it.
        """
        old = self.spec.widths()
        return {
            "spec": self.spec.name,
            "stayed": [name for name in old if name in kept],
            "added": [name for name in kept if name not in old],
            "removed": {name: reasons.get(name, "not in the data") for name in old if name not in kept},
            "widths": {name: [old[name], kept[name]] for name in old if kept.get(name, old[name]) != old[name]},
        }

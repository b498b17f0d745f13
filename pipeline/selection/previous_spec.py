"""An earlier feature spec to move on from: its features have a head start, and its choice is proved beside the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.allocation import Allocation
from features.config import Config
from features.encoding import FIRST_BUCKET
from features.errors import ConfigError
from features.fields import expand
from features.selection import Changes
from features.spec import FeatureSpec
from pipeline.dataset.full_model import excluded_features
from pipeline.dataset.transformed import Transformed


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
        # Features that tell one label need not tell another: their head start would mislead the search.
        if spec.label != config.data.label:
            raise ConfigError(f"{path}: is a spec for the label {spec.label!r}, but data.label is {config.data.label!r}")
        return cls(spec, config.selection.head_start)

    def head_starts(self, units: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
        """[units] the head start of each unit of candidates; those that hold a feature of the spec have it.

        Raises:
          ConfigError: none does.
        """
        names = set(self.spec.names())
        kept_before = np.array([bool(names & set(unit)) for unit in units])
        # A head start for nobody would be silently ignored: most likely it is the spec of other data.
        if not kept_before.any():
            raise ConfigError(
                f"selection.previous: no candidate is a feature of the spec of {self.spec.name}; name another spec"
            )
        return self.head_start * kept_before

    def allocation(self, config: Config, transformed: Transformed) -> Allocation:
        """The spec's features, as far as they may still be used, at its widths and sizes of vocabularies.

        Features that the data no longer has, or that the config excludes now, are left out.
        """
        excluded = excluded_features(config, transformed)
        encodings = {encoding.name: encoding for encoding in transformed.encodings if encoding.name not in excluded}
        features = {feature.name: feature for feature in transformed.features}
        widths, rows = {}, {}
        for kept in (kept for kept in self.spec.kept if kept.name in encodings):
            encoding, feature = encodings[kept.name], features[kept.name]
            # The model may have become narrower since.
            full = encoding.width(config.model.embedding_width)
            widths[kept.name] = min(kept.width, full) if encoding.embedded else full
            # Tables that the spec had cut are cut again, to as many tokens; ids of no vocabulary stay.
            size = kept.transform.get("max_size")
            if size and feature.cuttable and size != feature.size_limit:
                rows[kept.name] = min(encoding.rows, FIRST_BUCKET + feature.shared_ids + size)
        return Allocation(widths, rows)

    def changes(self, kept: Mapping[str, int], reasons: Mapping[str, str]) -> Changes:
        """What a new choice changes from the spec.

        Args:
          kept: the new choice, features with widths.
          reasons: why features of the data are not in it.
        """
        before = self.spec.widths()
        both = [name for name in before if name in kept]
        return Changes(
            spec=self.spec.name,
            stayed=both,
            added=[name for name in kept if name not in before],
            removed={name: reasons.get(name, "not in the data") for name in before if name not in kept},
            widths={name: (before[name], kept[name]) for name in both if kept[name] != before[name]},
        )

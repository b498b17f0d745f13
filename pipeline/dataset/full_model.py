"""The full model: what one would train without Winnow, which every pruned model is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.config import Config
from features.cost import total_bytes
from features.encoding import full_widths
from features.statistics import CONSTANT
from pipeline.dataset.transformed import Transformed

EXCLUDED = "excluded by the config"  # the reason of such features, in specs and reports


@dataclass(frozen=True)
class FullModel:
    """The features of the full model: all there are, but for constant ones and those that `selection.exclude` names.

    Excluded features are in no model: one that leaks the label would make the full model look better than any honest one.
    Nobody trains on a constant either. Duplicates and near-unique ids stay in, though the search does not choose from them:
    without a search nobody would have left them out.

    Attributes:
      widths: full width of each feature, by name.
      without: the features that it does without, each with a reason.
      bytes: of its embedding tables.
    """

    widths: Mapping[str, int]
    without: Mapping[str, str]
    bytes: int

    @classmethod
    def of(cls, config: Config, transformed: Transformed) -> FullModel:
        """The full model of a transformed folder."""
        # The config's reason wins over `constant`: it says what somebody has decided.
        without = _constant_features(transformed) | excluded_features(config, transformed)
        encodings = [encoding for encoding in transformed.encodings if encoding.name not in without]
        widths = full_widths(encodings, config.model.embedding_width)
        return cls(widths, without, total_bytes(encodings, widths))


def excluded_features(config: Config, transformed: Transformed) -> dict[str, str]:
    """The features that `selection.exclude` names, each with that as its reason."""
    names = [encoding.name for encoding in transformed.encodings]
    return dict.fromkeys(config.matching("exclude", names), EXCLUDED)


def _constant_features(transformed: Transformed) -> dict[str, str]:
    """The features that are the same in all train rows, each with that as its reason."""
    return {name: CONSTANT for name, statistics in transformed.statistics.items() if statistics.constant}

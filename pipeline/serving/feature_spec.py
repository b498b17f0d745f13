"""The feature spec of a finished selection, with the vocabulary files it names."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.config import Config
from features.feature import Feature
from features.inputs import Input
from features.names import argument_names
from features.numbers import Numeric
from features.path import CHANCE_AUC, Pick, SearchPath
from features.proof import Proof
from features.selection import Dropped, Kept, Selection
from features.spec import VOCABULARY_FOLDER, DroppedFeature, FeatureSpec, KeptFeature, RawInput, Source, Vocabulary, sha256
from features.statistics import Statistics
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.versions import versions
from pipeline.serving.serving_model import columns_of

# Packages whose version may change what a spec holds.
_PACKAGES = ("winnow", "tensorflow", "tensorflow-transform", "tensorflow-recommenders", "apache-beam", "pyarrow")


def make_spec(
    config: Config, transformed: Transformed, path: SearchPath, selection: Selection, proof: Proof, folder: Path
) -> FeatureSpec:
    """The spec of what is kept.

    Args:
      config: of the run.
      transformed: the transformed folder, cut to the vocabularies that are kept.
      path: of the search.
      selection: what is kept and dropped.
      proof: of what is kept.
      folder: receives the vocabulary files, in `vocabulary/`.
    """
    (folder / VOCABULARY_FOLDER).mkdir(exist_ok=True)
    maker = _Maker(transformed, folder, {feature.name: feature for feature in transformed.features})
    gains = _gains(path.picks)
    kept = [maker.kept(entry, gains.get(entry.feature)) for entry in selection.kept]
    columns = columns_of([maker.features[entry.name] for entry in kept], transformed.inputs)
    return FeatureSpec(
        name=config.name,
        label=config.data.label,
        budget=selection.budget,
        allocator=selection.allocator,
        bytes=selection.bytes,
        full_bytes=selection.full_bytes,
        kept=kept,
        dropped=[maker.dropped(entry) for entry in selection.dropped],
        inputs=maker.inputs(columns, config.serving.left_out([column.name for column in columns])),
        source=Source.model_validate(config.data.model_dump(include=set(Source.model_fields))),
        path=path.picks,
        proof=proof,
        provenance=_provenance(config, transformed),
    )


@dataclass(frozen=True)
class _Maker:
    """Makes the parts of a spec that come from the transformed folder."""

    transformed: Transformed
    folder: Path
    features: Mapping[str, Feature]

    def kept(self, kept: Kept, gain: float | None) -> KeptFeature:
        feature, statistics = self.features[kept.feature], self.transformed.statistics[kept.feature]
        encoding = self.transformed.subset([feature.name])[0]
        return KeptFeature(
            name=feature.name,
            kind=feature.kind,
            inputs=feature.inputs,
            transform=feature.transform(),
            width=kept.width,
            rows=encoding.rows,
            length=encoding.length,
            vocabulary=self._vocabulary(feature) if feature.has_vocabulary else None,
            constants={name: getattr(statistics, name) for name in feature.constants},
            bytes=kept.bytes,
            round=kept.round,
            attention=kept.attention,
            gain=gain,
        )

    def dropped(self, dropped: Dropped) -> DroppedFeature:
        feature = self.features[dropped.feature]
        return DroppedFeature(name=feature.name, inputs=feature.inputs, reason=dropped.reason)

    def inputs(self, columns: Sequence[Input], optional: Collection[str]) -> list[RawInput]:
        arguments = argument_names([column.name for column in columns])
        return [self._raw_input(column, arguments[column.name], column.name in optional) for column in columns]

    def _raw_input(self, column: Input, argument: str, optional: bool) -> RawInput:
        minimum, maximum = self._domain(column)
        return RawInput(
            name=column.name,
            argument=argument,
            dtype=column.dtype,
            length=column.length,
            missing=None if isinstance(column.missing, float) else column.missing,  # NaN is no JSON
            optional=optional,
            minimum=minimum,
            maximum=maximum,
        )

    def _vocabulary(self, feature: Feature) -> Vocabulary:
        """Writes the vocabulary of a feature beside the spec."""
        file = self._vocabulary_file(feature)
        self.transformed.write_vocabulary(feature, str(self.folder / file))
        size = self.transformed.statistics[feature.name].vocabulary_size
        return Vocabulary(file=file, size=size, sha256=sha256(self.folder / file))

    def _vocabulary_file(self, feature: Feature) -> str:
        """Of the folder that is exported; its name there is that of the transformed folder."""
        return f"{VOCABULARY_FOLDER}/{Path(self.transformed.vocabulary_files[feature.name]).name}"

    def _domain(self, column: Input) -> tuple[float | None, float | None]:
        """Least and greatest known value of a column of numbers."""
        feature, statistics = self.features.get(column.name), self.transformed.statistics.get(column.name)
        if feature is None or statistics is None:
            return None, None
        if column.dtype == "int64" and feature.has_vocabulary and statistics.vocabulary_size:
            # Tokens of a column of integers are its values, the most frequent first: both ends have to be looked for.
            tokens = np.array((self.folder / self._vocabulary_file(feature)).read_text().split(), np.int64)
            return int(tokens.min()), int(tokens.max())
        return _raw_range(feature, statistics)


def _raw_range(feature: Feature, statistics: Statistics) -> tuple[float | None, float | None]:
    """Least and greatest of the train rows' numbers; those of `value` features were taken after clip and log1p."""
    low, high = statistics.minimum, statistics.maximum
    if not isinstance(feature, Numeric) or feature.encoding == "value" or low is None or high is None:
        return None, None
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _gains(picks: Sequence[Pick]) -> dict[str, float]:
    """What each feature's picks added to the validation AUC."""
    gains: dict[str, float] = {}
    # The first pick is measured against a model that knows nothing.
    before = CHANCE_AUC
    for pick in picks:
        if pick.estimate is not None:
            gains[pick.feature] = round(gains.get(pick.feature, 0.0) + pick.estimate.auc - before, 6)
            before = pick.estimate.auc
    return gains


def _provenance(config: Config, transformed: Transformed) -> dict[str, Any]:
    # Neither the work folder nor the files' names: the same rows elsewhere have the same provenance.
    settings = config.model_dump(exclude={"work_dir": True, "data": {"train", "validation", "test"}})
    return {
        "config": fingerprint(settings),
        "data": fingerprint(transformed.manifest.model_dump(mode="json")["splits"]),
        "seed": config.selection.seed,
        "versions": versions(_PACKAGES),
    }

"""The transformed folder, which `winnow preprocess` writes for training. One class knows the paths in it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

from features.encoding import FIRST_BUCKET, Encoding
from features.errors import DataError
from features.feature import Feature
from features.inputs import Input
from features.manifest import Manifest, ResolvedFeatures
from features.names import vocabulary_files
from features.statistics import Statistics, StatisticsDocument
from pipeline.dataset.row_group import REMEDY, RowGroup, row_groups
from pipeline.runtime import files

# The last one is what a proof trains on once the choice is made.
SplitName = Literal["train", "validation", "test", "train+validation"]


@dataclass(frozen=True)
class Transformed:
    """A transformed folder, as `winnow preprocess` leaves it, or a view of it with shorter vocabularies.

    Attributes:
      folder: where it lies.
      cuts: rows that the tables of some features have left (see `cut`).
    """

    folder: str
    cuts: Mapping[str, int] = field(default_factory=dict)

    @property
    def graph(self) -> str:
        """Folder of the TFT output."""
        return files.join(self.folder, "transform")

    @property
    def vocabularies(self) -> str:
        """Folder of the vocabulary files."""
        return files.join(self.folder, "vocabulary")

    @property
    def rejected(self) -> str:
        """Folder of the rows that were rejected."""
        return files.join(self.folder, "rejected")

    @property
    def features_file(self) -> str:
        """Path of the `ResolvedFeatures`."""
        return files.join(self.folder, "features.json")

    @property
    def statistics_file(self) -> str:
        """Path of the `StatisticsDocument`."""
        return files.join(self.folder, "statistics.json")

    @property
    def manifest_file(self) -> str:
        """Path of the `Manifest`."""
        return files.join(self.folder, "manifest.json")

    @cached_property
    def vocabulary_files(self) -> dict[str, str]:
        """Path of the vocabulary of each feature that has one, a token a line in id order, by name."""
        return vocabulary_files([feature.name for feature in self.resolved.features], self.vocabularies)

    @cached_property
    def resolved(self) -> ResolvedFeatures:
        """The columns and features, as preprocessing resolved them."""
        return files.read_document(ResolvedFeatures, self._there(self.features_file))

    @cached_property
    def statistics_document(self) -> StatisticsDocument:
        """Figures of all features over all splits, whatever is cut."""
        return files.read_document(StatisticsDocument, self.statistics_file)

    @cached_property
    def manifest(self) -> Manifest:
        """Files and rows of each split, and what was rejected."""
        return files.read_document(Manifest, self._there(self.manifest_file))

    @cached_property
    def encodings(self) -> list[Encoding]:
        """Encodings of all features, in the order of the data."""
        whole = self.resolved.encodings
        return [replace(e, rows=self.cuts[e.name]) if e.name in self.cuts else e for e in whole]

    @cached_property
    def features(self) -> list[Feature]:
        """The resolved features."""
        # As if the config had asked for so few values: the graph that is made of these features then knows no others.
        whole = self.resolved.features
        return [f.model_copy(update={"max_size": self._known_tokens(f)}) if f.name in self.cuts else f for f in whole]

    @cached_property
    def statistics(self) -> dict[str, Statistics]:
        """Statistics of each feature over the train split, by name."""
        whole = self.statistics_document.by_name()
        if not self.cuts:  # preprocessing asks before features.json is there
            return whole
        cut = [feature for feature in self.features if feature.name in self.cuts]
        return whole | {f.name: whole[f.name].model_copy(update={"vocabulary_size": self._known_tokens(f)}) for f in cut}

    @property
    def inputs(self) -> list[Input]:
        """The raw columns."""
        return self.resolved.inputs

    def rows(self, split: SplitName) -> int:
        """Rows of a split."""
        return sum(self.manifest.splits[part].rows for part in split.split("+"))

    def subset(self, names: Sequence[str]) -> list[Encoding]:
        """Encodings of the named features, in the order of the data."""
        return [encoding for encoding in self.encodings if encoding.name in set(names)]

    def cut(self, rows: Mapping[str, int]) -> Transformed:
        """A view in which the named features know their most frequent values only, as if `max_size` had been smaller.

        Encodings, features and statistics say so, and readers give what else there is the out-of-vocabulary id.

        Args:
          rows: that are left of each table, the ids of no vocabulary among them; as many as there are is no cut.

        Raises:
          DataError: a feature that cannot be cut (see `Feature.cuttable`) has another number of rows.
        """
        have = {encoding.name: encoding.rows for encoding in self.encodings}
        cuttable = {feature.name for feature in self.features if feature.cuttable}
        cuts = {name: left for name, left in rows.items() if name in have and left < have[name]}
        wrong = min(cuts.keys() - cuttable, default=None)
        if wrong is not None:
            raise DataError(f"{self.folder}: {wrong!r} has {have[wrong]} rows and cannot be cut to {cuts[wrong]}; {REMEDY}")
        view = Transformed(self.folder, {**self.cuts, **cuts})
        vars(view)["resolved"] = self.resolved  # where `cached_property` keeps it: the file is not read again
        return view

    def write_vocabulary(self, feature: Feature, target: str) -> None:
        """Copies the feature's vocabulary, as far as it is known, to a file."""
        path = self.vocabulary_files[feature.name]
        if feature.name not in self.cuts:
            shutil.copy(path, target)
            return
        # As bytes: tokens are copied as they are, whatever their encoding.
        with Path(path).open("rb") as source, Path(target).open("wb") as written:
            written.writelines(islice(source, self._known_tokens(feature)))

    def row_groups(self, split: SplitName, columns: Sequence[str]) -> list[RowGroup]:
        """All row groups of a split, in file order.

        Raises:
          DataError: a file is gone or damaged, lacks one of the columns, or has not the rows that the manifest names.
        """
        parts = [part for name in split.split("+") for part in self.manifest.splits[name].files]
        return [group for part in parts for group in row_groups(files.join(self.folder, part.file), columns, part.rows)]

    def _there(self, path: str) -> str:
        """The path of a document, once it is sure to be there.

        Raises:
          DataError: it is not.
        """
        if not files.exists(path):
            raise DataError(f"{self.folder}: not a transformed folder, {path} is absent; run `winnow preprocess`")
        return path

    def _known_tokens(self, feature: Feature) -> int:
        """Tokens that a cut table has rows for: those beside the padding, missing and out-of-vocabulary ids."""
        return self.cuts[feature.name] - FIRST_BUCKET - feature.shared_ids


__all__ = ["RowGroup", "SplitName", "Transformed"]

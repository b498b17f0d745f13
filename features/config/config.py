"""The YAML config: where the data is, what the features are, and how to train and select.

A config is read with `Config.load`, checked by pydantic (unknown fields are errors), and its feature rules are matched
against the data's columns with `Config.resolve`, which gives one `Feature` for each column that takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field, model_validator

from features.config.budget import Budget
from features.config.data import DataConfig
from features.config.explanation import explain
from features.config.matching import check_patterns, match_rules
from features.config.model import ModelConfig, TrainingConfig
from features.config.pattern import expand_pattern, is_glob
from features.config.rules import AnyRule
from features.config.selection import ProofConfig, SelectionConfig
from features.config.yaml_file import name_of, read_document
from features.errors import ConfigError
from features.feature import Feature
from features.fields import MAX_SEED, FilePath, Section, Texts


class ServingConfig(Section):
    """What the served model asks of a request."""

    optional: Texts = Field(
        [], description="Names or patterns of columns that a request may leave out; they are missing then, in all its rows."
    )

    def left_out(self, columns: list[str]) -> list[str]:
        """Those of the columns that are optional."""
        patterns = [expand_pattern(pattern, columns) for pattern in self.optional]
        return [column for column in columns if any(column in names for names in patterns)]


class Config(Section):
    """A whole config."""

    name: str = Field(
        pattern=r"^[\w.-]*[\w-][\w.-]*$",  # not of dots alone, which in a path lead elsewhere
        description="Name of the job and of its model, of letters, digits, `_`, `.` and `-`; by default the stem of the file.",
    )
    work_dir: FilePath = Field(
        description="Folder of all that is made; by default `work/NAME`. `${NAME}` reads the environment."
    )
    data: DataConfig = Field(description="Where the rows are, and how to read them.")
    features: Annotated[list[AnyRule], Field(min_length=1)] = Field(
        description="Rules that say which columns are features, and what is done with them."
    )
    model: ModelConfig = Field(ModelConfig(), description="The ranking model.")
    training: TrainingConfig = Field(TrainingConfig(), description="How a model is trained from scratch.")
    # Without a selection there is nothing to look for: all features are kept, and the model is trained and served.
    selection: SelectionConfig = Field(
        SelectionConfig(budget=Budget(all=True)),
        description="The search for features and widths; where it is not given, all are kept and nothing is searched.",
    )
    proof: ProofConfig = Field(ProofConfig(), description="How the chosen features are proved.")
    serving: ServingConfig = Field(ServingConfig(), description="What the served model asks of a request.")

    @model_validator(mode="after")
    def _check_last_seed(self) -> Config:
        # The trainings of a proof count up from the first seed; both sections together tell the last one.
        last = self.training.seed + self.proof.seed_count - 1
        if last > MAX_SEED:
            raise ValueError(
                f"training.seed: the last of proof.seed_count seeds is {last}, above {MAX_SEED}; give a smaller one"
            )
        return self

    @classmethod
    def load(cls, path: str | Path, overrides: Sequence[str] | None = None) -> Config:
        """Reads a YAML file and applies `key.path=value` overrides.

        Raises:
          ConfigError: the file is missing or not YAML, or a field is unknown or wrong; names the field.
        """
        document = read_document(path, overrides or (), cls)
        # Set before the check, as defaults of a class could not know the name of the file.
        document.setdefault("name", name_of(path))
        document.setdefault("work_dir", f"work/{document['name']}")
        try:
            config = cls.model_validate(document)
        except pydantic.ValidationError as error:
            raise ConfigError(explain(path, error)) from None
        _check_folder(path, config.work_dir)
        return config

    @property
    def reserved(self) -> dict[str, str]:
        """Columns that can be no feature, with what each is."""
        split, weight = self.data.split.column, self.data.weight
        columns = {split: "the split column", weight: "the column of weights", self.data.label: "the label"}
        return {column: what for column, what in columns.items() if column is not None}

    def resolve(self, columns: list[str]) -> list[Feature]:
        """Applies the feature rules to the data's columns; see `features.config.matching.match_rules`.

        Args:
          columns: the names of all columns of the data.

        Raises:
          ConfigError: a rule matches no column or a wrong one, a kept, excluded or optional name is not there, or more
            features are asked for than there are.
        """
        # Names and patterns are checked now, when the columns are known, so that a typing error costs seconds and not a run.
        features = match_rules(self.features, columns, self.reserved)
        names = [feature.name for feature in features]
        check_patterns("selection.keep", self.selection.keep, names, "not one of the features")
        check_patterns("selection.exclude", self.selection.exclude, names, "not one of the features")
        check_patterns("serving.optional", self.serving.optional, columns, "no column of the data")
        for pattern in self.serving.optional:
            # A glob may match the label among other columns; who spells its name out expects what cannot be.
            if pattern in self.reserved and not is_glob(pattern, columns):
                raise ConfigError(
                    f"serving.optional: {pattern!r} is {self.reserved[pattern]}, which no request has; leave it out"
                )
        self._check_counts(len(features))
        return features

    def _check_counts(self, features: int) -> None:
        """Compares the numbers of features that are asked for with those there are."""
        if self.selection.budget.all:  # nothing is searched, and there is no path with points on it
            return
        counts = {"selection.budget.features": self.selection.budget.features or 0}
        counts |= {f"proof.points[{n}]": point for n, point in enumerate(self.proof.points) if isinstance(point, int)}
        for field, count in counts.items():
            if count > features:
                raise ConfigError(
                    f"{field}: {count:,} is more than the {features:,} features there are; give {features} at most"
                )

    def matching(self, field: Literal["keep", "exclude"], names: list[str]) -> list[str]:
        """The feature names that `selection.keep` or `selection.exclude` stands for."""
        patterns: list[str] = getattr(self.selection, field)
        return [name for name in names if any(name in expand_pattern(pattern, names) for pattern in patterns)]


def _check_folder(path: str | Path, work_dir: str) -> None:
    """Refuses a work folder on this machine that is a file, or lies within one."""
    if "://" in work_dir:  # a bucket has no folders for which a file could be in the way
        return
    folder = Path(work_dir)
    try:
        taken = next((each for each in (folder, *folder.parents) if each.is_file()), None)
    except OSError as error:
        raise ConfigError(f"{path}: work_dir: cannot be a folder here ({error.strerror}); name another one") from None
    if taken:
        raise ConfigError(f"{path}: work_dir: {taken} is a file; name a folder")

"""The YAML config: where the data is, what the features are, and how to train and select.

A config is read with `Config.load`, checked by pydantic (unknown fields are errors), and its feature rules are matched
against the data's columns with `Config.resolve`, which gives one `Feature` for each column that takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pydantic
import yaml
from pydantic import Field, field_validator, model_validator

from features.budget import UNITS, Budget
from features.errors import ConfigError
from features.feature import Feature, FeatureRule
from features.fields import NonNegativeInt, PositiveFloat, PositiveInt, Section, expand
from features.pattern import expand_pattern


class SplitConfig(Section):
    """How rows of the `train` files become train, validation and test rows.

    by: `row` (a seeded draw per row), `hash` (of a key column: all rows of a key stay together), `column` (its values
        name the split) or `time` (a column compared with `validation_from` and `test_from`).
    validation, test: shares of the rows for `row` and `hash`; a share of 0 makes no such split.
    """

    by: Literal["row", "hash", "column", "time"] = "row"
    column: str | None = None
    validation: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.0, ge=0, lt=1)
    validation_values: list[str] = ["validation"]
    test_values: list[str] = ["test"]
    validation_from: str | float | None = None
    test_from: str | float | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _whole(self) -> SplitConfig:
        if self.by != "row" and not self.column:
            raise ValueError(f"split by {self.by} needs `column`")
        if self.by == "time" and self.validation_from is None and self.test_from is None:
            raise ValueError("split by time needs `validation_from` or `test_from`")
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave no rows to train on")
        return self


class DataConfig(Section):
    """Where the rows are and how to read them.

    train, validation, test: paths or globs of any Beam filesystem; `${NAME:-default}` reads the environment. Rows of
        `train` are divided by `split`; a split that has files of its own takes nothing from `train`.
    columns: names of the columns of delimited files without a header.
    quoted: whether fields may stand in quotes; with `multiline` they may hold newlines, and one worker reads a whole file.
    missing: text values that mean "no value", besides the empty string.
    max_bad_ratio: the share of malformed rows above which preprocessing fails.
    incremental: keep what was read and counted of each file in `WORK_DIR/spans`, so that days added later cost their own
        reading only; takes about a quarter of the space of the text.
    stable_ids (with incremental): values that had an id in the run before keep it; new ones follow.
    """

    format: Literal["tsv", "csv", "parquet", "tfrecord"]
    train: list[str]
    validation: list[str] = []
    test: list[str] = []
    columns: list[str] = []
    header: bool = True
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    quoted: bool | Literal["multiline"] = True
    missing: list[str] = []
    label: str
    weight: str | None = None
    split: SplitConfig = SplitConfig()
    max_bad_ratio: float = Field(0.001, ge=0, le=1)
    incremental: bool = False
    stable_ids: bool = False

    @field_validator("train", "validation", "test", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        paths = [value] if isinstance(value, str) else value
        return [expand(path) if isinstance(path, str) else path for path in paths or []]

    @model_validator(mode="after")
    def _whole(self) -> DataConfig:
        if not self.train:
            raise ValueError("`train` names no files")
        if self.format in ("tsv", "csv") and not self.header and not self.columns:
            raise ValueError("files without a header need `columns`")
        if self.stable_ids and not self.incremental:
            raise ValueError("`stable_ids` needs `incremental: true`, which keeps the ids of the run before")
        return self

    @property
    def separator(self) -> str:
        """The delimiter in force."""
        return self.delimiter or ("\t" if self.format == "tsv" else ",")


class BlockSparsityConfig(Section):
    """Weights of the tower's layers taken away by blocks; layers of fewer than 100 blocks stay whole.

    block: rows and columns of a block. sparsity: share of each layer's blocks that go. method: what chooses them.
    """

    block: PositiveInt = 16
    sparsity: float = 0.9
    method: Literal["sequential_attention", "magnitude", "acdc", "random"] = "sequential_attention"

    @field_validator("sparsity")
    @classmethod
    def _some_but_not_all(cls, sparsity: float) -> float:
        if not 0 < sparsity < 1:
            raise ValueError(f"{sparsity} is not between 0 and 1; use {0.01 if sparsity <= 0 else 0.99}")
        return sparsity


class TowerConfig(Section):
    """The dense layers over the crossed embeddings; with `block_sparsity`, the pruned model's are thinned too."""

    units: list[PositiveInt] = [256, 128]
    block_sparsity: BlockSparsityConfig | None = None

    @model_validator(mode="after")
    def _fitting(self) -> TowerConfig:
        if self.block_sparsity and self.units and self.block_sparsity.block > min(self.units):
            least, block = min(self.units), self.block_sparsity.block
            raise ValueError(f"block_sparsity.block: {block} is larger than the layer of {least} units; use at most {least}")
        return self


class ModelConfig(Section):
    """The ranking model.

    interaction: `dcn` (DCN-v2), `dot` (DotInteraction after a projection to one width) or `none` (concatenation).
    """

    embedding_width: PositiveInt = 16
    interaction: Literal["dcn", "dot", "none"] = "dcn"
    cross_layers: NonNegativeInt = 2
    cross_rank: PositiveInt = 64
    tower: TowerConfig = TowerConfig()

    @property
    def dense(self) -> ModelConfig:
        """The same network with all weights in its tower."""
        return self.model_copy(update={"tower": TowerConfig(units=self.tower.units)})


class TrainingConfig(Section):
    """How a model is trained from scratch (by `winnow prove`); `selection` overrides batch size and epochs.

    strategy: of tf.distribute, see docs/training.md. tpu: address of the TPU, for strategy tpu.
    xla, mixed_precision: compile with XLA, compute in bfloat16; `auto` does on GPUs, where both pay.
    checkpoint_minutes: between two checkpoints. worker_minutes: how long to wait for the other tasks of a cluster.
    """

    batch_size: PositiveInt = 1024
    epochs: PositiveInt = 1
    learning_rate: PositiveFloat = 1e-3
    table_optimizer: Literal["rowwise_adagrad", "adagrad", "adam"] = "rowwise_adagrad"
    table_learning_rate: PositiveFloat = 0.02
    seed: int = 1
    strategy: Literal["auto", "one_device", "mirrored", "multi_worker", "parameter_server", "tpu"] = "auto"
    shuffle_rows: PositiveInt = 1_000_000
    tpu: str = ""
    xla: bool | Literal["auto"] = "auto"
    mixed_precision: bool | Literal["auto"] = "auto"
    checkpoint_minutes: float = Field(5, ge=0)
    worker_minutes: PositiveFloat = 10


class FrontierConfig(Section):
    """The search over widths: rounds, and the weight of cost against attention in each pick (0: attention alone)."""

    former_names: ClassVar[Mapping[str, str]] = {"beta": "cost_weight"}

    rounds: PositiveInt = 150
    cost_weight: float = Field(0.5, ge=0)


class SelectionConfig(Section):
    """The search for features and widths.

    method: what ranks the features; all but sequential_attention are there to compare it with.
    warmup: share of the rounds at the start with all gates open.
    picks_per_round: features chosen at the end of a round.
    previous: an earlier feature spec (`winnow select --from`) to move on from: its features have a head start in every
        round, of `head_start` standard deviations of the candidates' scores.
    standing_carryover: how much of its standing a candidate takes into the next round; 0 is the paper's algorithm.
    widths: those that a feature's embedding may be given, where the budget makes widths cost.
    keep, exclude: names or patterns that are always, or never, in the result.
    allocator: how widths, and how many values of a vocabulary, are decided, for budgets in which they cost: `auto` tries all
        ways and keeps the best on validation.
    frontier: the search over widths, for the allocator of that name.
    sources: what it costs to fetch from each `source` of features, paid with the first of them.
    gate_count: gates trained side by side in one run, each on its share of every batch, to see how stable the picks are.
    """

    former_names: ClassVar[Mapping[str, str]] = {"carry": "standing_carryover", "members": "gate_count"}

    method: Literal[
        "sequential_attention", "group_lasso", "l1_gate", "gradient", "taylor", "permutation", "lly", "omp", "random"
    ] = "sequential_attention"
    budget: Budget
    batch_size: PositiveInt = 256
    epochs: PositiveInt = 4
    warmup: float = Field(0.1, ge=0, lt=1)
    picks_per_round: PositiveInt = 1
    standing_carryover: float = Field(0.8, ge=0, lt=1)
    previous: str | None = None
    head_start: float = Field(1.0, ge=0)
    gate_learning_rate: PositiveFloat = 1e-3
    widths: list[PositiveInt] = [1, 2, 4, 8, 16]
    keep: list[str] = []
    exclude: list[str] = []
    allocator: Literal["auto", "common_width", "mixed_dimension", "frontier", "cut"] = "auto"
    frontier: FrontierConfig = FrontierConfig()
    sources: dict[str, Annotated[float, Field(ge=0)]] = {}
    gate_count: PositiveInt = 1
    seed: int = 1


class ProofConfig(Section):
    """How the chosen features are proved: retrainings from scratch, and the resampling behind the intervals.

    points: further points to prove, each a number of features of the path or a budget such as `{bytes: 5%}`.
    include_validation: whether models train on the validation rows too, the choice being made (vocabularies are of the
        train rows alone); never where there are no test rows.
    """

    former_names: ClassVar[Mapping[str, str]] = {"seeds": "seed_count", "bootstrap": "bootstrap_samples"}

    seed_count: PositiveInt = 3
    points: list[PositiveInt | Budget] = []
    include_validation: bool = True
    bootstrap_samples: PositiveInt = 1000
    confidence: float = Field(0.95, gt=0, lt=1)


class ServingConfig(Section):
    """What the served model asks of a request.

    optional: names or patterns of raw columns that a request may leave out; they are missing then, in all its rows.
    """

    optional: list[str] = []

    def left_out(self, columns: list[str]) -> list[str]:
        """Those of the columns that are optional."""
        patterns = [expand_pattern(pattern, columns) for pattern in self.optional]
        return [column for column in columns if any(column in names for names in patterns)]


class Config(Section):
    """A whole config. `load` reads one from YAML."""

    name: str = Field(pattern=r"^[\w.-]+$")
    work_dir: str
    data: DataConfig
    features: list[FeatureRule]
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    selection: SelectionConfig = SelectionConfig(budget=Budget(all=True))
    proof: ProofConfig = ProofConfig()
    serving: ServingConfig = ServingConfig()

    @field_validator("work_dir", mode="before")
    @classmethod
    def _expanded(cls, value: Any) -> Any:
        return expand(value) if isinstance(value, str) else value

    @classmethod
    def load(cls, path: str | Path, overrides: list[str] | None = None) -> Config:
        """Reads a YAML file and applies `key.path=value` overrides.

        Raises:
          ConfigError: the file is missing or not YAML, or a field is unknown or wrong; names the field.
        """
        try:
            document = yaml.safe_load(Path(path).read_text())
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such config file; `winnow init DATA` writes a first one") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: cannot be read as YAML: {error}") from None
        if not isinstance(document, dict):
            raise ConfigError(f"{path}: a config is a mapping of fields, see configs/ for examples")
        for override in overrides or []:
            _override(document, override)
        document.setdefault("name", Path(path).stem)
        document.setdefault("work_dir", f"work/{document['name']}")
        try:
            return cls.model_validate(document)
        except pydantic.ValidationError as error:
            raise ConfigError(_explain(path, error)) from None

    def resolve(self, columns: list[str]) -> list[Feature]:
        """Applies the feature rules to the data's columns; where several match one column, the last wins.

        Args:
          columns: the names of all columns of the data.

        Raises:
          ConfigError: a rule matches no column, takes the label, or a kept, excluded or optional name is not there.
        """
        reserved = {self.data.label, self.data.weight, self.data.split.column} - {None}
        chosen: dict[str, Feature] = {}
        for index, rule in enumerate(self.features):
            values = rule.model_dump(exclude={"match"}, exclude_unset=True)
            for pattern in rule.match:
                names = [pattern] if rule.kind == "cross" else expand_pattern(pattern, columns)
                if any(mark in pattern for mark in "*?["):
                    names = [name for name in names if name not in reserved]
                if not names:
                    raise ConfigError(f"features[{index}].match: {pattern!r} matches no column of the data")
                for name in names:
                    if name in reserved:
                        raise ConfigError(f"features[{index}].match: {name!r} is the label, weight or split column")
                    feature = Feature(name=name, **values)
                    absent = [column for column in feature.inputs if column not in columns]
                    if absent:
                        raise ConfigError(f"features[{index}]: column {absent[0]!r} is not in the data")
                    chosen[name] = feature
        for field in ("keep", "exclude"):
            for pattern in getattr(self.selection, field):
                if not set(expand_pattern(pattern, list(chosen))) & set(chosen):
                    raise ConfigError(f"selection.{field}: {pattern!r} is not one of the features")
        for pattern in self.serving.optional:
            if not set(expand_pattern(pattern, columns)) & set(columns):
                raise ConfigError(f"serving.optional: {pattern!r} is no column of the data")
        # In the data's order, whichever rule named a feature: a config with fewer features keeps the others in place.
        place = {name: number for number, name in enumerate(columns)}
        return sorted(chosen.values(), key=lambda feature: place.get(feature.name, len(place)))

    def matching(self, field: Literal["keep", "exclude"], names: list[str]) -> list[str]:
        """The feature names that `selection.keep` or `selection.exclude` stands for."""
        patterns: list[str] = getattr(self.selection, field)
        return [name for name in names if any(name in expand_pattern(pattern, names) for pattern in patterns)]


def _override(document: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise ConfigError(f"--set {override}: write key=value, such as selection.budget.features=10")
    group = document
    section: type[Section] | None = Config
    *parents, last = key.split(".")
    for parent in parents:
        child = group.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {override}: {parent} is not a group of fields")
        group, section = child, section.subsection(parent) if section else None
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: the value is not YAML") from None
    if parents and parents[-1] == "budget" and last in UNITS:  # a budget holds one unit: naming another replaces it
        group.clear()
    for name in section.names_of(last) if section else ():  # the override also replaces a value under the other name
        group.pop(name, None)
    group[last] = value


def _explain(path: str | Path, error: pydantic.ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown field; check its spelling and its place"
        elif problem["type"] == "missing":
            message = "required, but not given"
        lines.append(f"{path}: {place}: {message}")
    return "\n".join(lines)

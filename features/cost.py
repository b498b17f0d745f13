"""What a set of features at given widths costs, in the unit of the budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from features.config import Config
from features.config.model import ModelConfig, TrainingConfig
from features.encoding import Encoding
from features.errors import ConfigError
from features.feature import Feature

# Tables are float32, in training (mixed precision keeps its weights so) and as served.
FLOAT_BYTES = 4
# Numbers that each optimizer keeps beside each weight of a table. Row-wise Adagrad keeps one for a whole row, which is
# counted apart.
_SLOTS_A_COLUMN = {"adam": 2, "adagrad": 1, "rowwise_adagrad": 0}


def table_bytes(encoding: Encoding, width: int) -> int:
    """Bytes of the feature's embedding table as served; 0 for float features."""
    return encoding.rows * width * FLOAT_BYTES if encoding.embedded else 0


def total_bytes(encodings: Iterable[Encoding], widths: Mapping[str, int]) -> int:
    """Bytes of the tables of the features that `widths` names."""
    return sum(table_bytes(encoding, widths[encoding.name]) for encoding in encodings if encoding.name in widths)


@dataclass(frozen=True)
class CostModel:
    """What features cost together: the sum of what each costs, but features of one source pay for fetching from it once.

    cost(widths) = sum over features (fixed[f] + column[f] * widths[f]) + sum over their sources fetch[s] + base

    Attributes:
      unit: name of the unit, for messages.
      fixed: cost of each feature at any width.
      column: cost of each column of a feature's embedding.
      source: the source of each feature that shares its fetch with others.
      fetch: cost of each source, paid once, with the first of its features.
      base: cost that is always paid, even without features.
    """

    unit: str
    fixed: Mapping[str, float]
    column: Mapping[str, float]
    source: Mapping[str, str] = field(default_factory=dict)
    fetch: Mapping[str, float] = field(default_factory=dict)
    base: float = 0.0

    def total(self, widths: Mapping[str, int]) -> float:
        """Cost of the features that `widths` names, at these widths."""
        of_features = sum(self.fixed[name] + self.column[name] * width for name, width in widths.items())
        return (
            self.base + of_features + sum(self.fetch[source] for source in {self.source[n] for n in widths if n in self.source})
        )

    def added(self, widths: Mapping[str, int], step: Mapping[str, int]) -> float:
        """What it costs more to have the features of `step` at its widths as well."""
        return self.total({**widths, **step}) - self.total(widths)

    @property
    def by_width(self) -> bool:
        """Whether widths cost anything."""
        return any(self.column.values())


def count_model(encodings: Sequence[Encoding]) -> CostModel:
    """The cost model in which each feature costs 1, whatever its width."""
    names = [encoding.name for encoding in encodings]
    return CostModel("features", dict.fromkeys(names, 1.0), dict.fromkeys(names, 0.0))


def byte_model(encodings: Sequence[Encoding], training: TrainingConfig | None = None) -> CostModel:
    """Bytes of the embedding tables and, where `training` is given, of its table optimizer's slots."""
    fixed = {encoding.name: 0.0 for encoding in encodings}
    column = {encoding.name: float(table_bytes(encoding, 1)) for encoding in encodings}
    if training is None:
        return CostModel("bytes", fixed, column)
    if training.table_optimizer == "rowwise_adagrad":  # one accumulator a row takes as much as one column
        fixed = dict(column)
    copies = 1 + _SLOTS_A_COLUMN[training.table_optimizer]
    return CostModel("bytes with optimizer slots", fixed, {name: size * copies for name, size in column.items()})


def parameter_model(encodings: Sequence[Encoding], model: ModelConfig) -> CostModel:
    """Weights of the embedding tables, and those of the network that read their columns.

    Of `dcn`, exact from twice `cross_rank` columns on, and too high below (the rank shrinks). Of `dot`, the pairs' weights
    in the first dense layer, which belong to no one feature, are left out.
    """
    # Weights that read one input column: a row of the first dense layer, or of the last one where the tower is empty.
    network = model.tower.units[0] if model.tower.units else 1
    if model.interaction == "dcn":
        # A cross layer has two factors [columns, rank] and [rank, columns], and a bias [columns].
        network += model.cross_layers * (2 * model.cross_rank + 1)
    elif model.interaction == "dot":
        network += 16  # the projection of a column to the one width at which all pairs are multiplied
    fixed = {e.name: 0.0 if e.embedded else float(network * e.length) for e in encodings}
    column = {e.name: float(e.rows + network) if e.embedded else 0.0 for e in encodings}
    return CostModel("parameters", fixed, column)


def declared_model(features: Sequence[Feature], encodings: Sequence[Encoding], sources: Mapping[str, float]) -> CostModel:
    """The costs that the config gives: `cost` and `cost_per_column` of features, and those of their sources.

    Raises:
      ConfigError: a feature has neither a cost nor a source that has one.
    """
    by_name = {feature.name: feature for feature in features}
    encoded = [by_name[encoding.name] for encoding in encodings]
    for feature in encoded:
        if feature.source is not None and feature.source not in sources:
            raise ConfigError(f"selection.sources: no cost for source {feature.source!r} of feature {feature.name!r}")
        if feature.cost is None and feature.source is None and not feature.cost_per_column:
            raise ConfigError(
                f"selection.budget.cost: feature {feature.name!r} has no cost; give its rule `cost`, `cost_per_column` or "
                "`source`"
            )
    return CostModel(
        "cost",
        {feature.name: feature.cost or 0.0 for feature in encoded},
        {feature.name: feature.cost_per_column for feature in encoded},
        *shared(encoded, sources),
    )


def shared(features: Iterable[Feature], sources: Mapping[str, float]) -> tuple[dict[str, str], dict[str, float]]:
    """Each feature's source, where it has one with a cost, and the costs."""
    return {f.name: f.source for f in features if f.source is not None and f.source in sources}, dict(sources)


def cost_model(config: Config, features: Sequence[Feature], encodings: Sequence[Encoding]) -> CostModel:
    """The cost model of the config's budget, where it needs no measuring (a latency does).

    Raises:
      ConfigError: a budget of cost, and a feature without.
    """
    budget = config.selection.budget
    if budget.unit == "features":
        return count_model(encodings)
    if budget.unit == "parameters":
        return parameter_model(encodings, config.model)
    if budget.unit == "cost":
        return declared_model(features, encodings, config.selection.sources)
    return byte_model(encodings, config.training if budget.optimizer_slots else None)

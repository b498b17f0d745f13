"""The rules of a config that a feature spec's kept features come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from features.config import Config
from features.config.pattern import expand_pattern
from features.config.rules import FeatureRule
from features.errors import ConfigError
from features.spec import FeatureSpec, KeptFeature

SIZES = ("width", "max_size")  # fields of a rule that a search decides
Changes = tuple[tuple[str, int], ...]  # fields that get another value, each with the value
Group = tuple[list[str], Changes]  # names of features that share a rule, and what changes in it


@dataclass(frozen=True)
class KeptRules:
    """Which rule of a config each kept feature of a spec comes from.

    Attributes:
      path: of the config, for errors.
      config: as it was searched.
      spec: what was kept.
    """

    path: Path
    config: Config
    spec: FeatureSpec

    @cached_property
    def rule_of(self) -> dict[str, int]:
        """Number of the last rule that matches each feature, by name.

        Raises:
          ConfigError: the spec is not of this config.
        """
        if self.config.data.label != self.spec.label:
            raise ConfigError(f"{self.path}: data.label is {self.config.data.label!r}, but the spec's {self.spec.label!r}")
        names = [*self.spec.names(), *(dropped.name for dropped in self.spec.dropped)]
        last: dict[str, int] = {}
        for number, rule in enumerate(self.config.features):
            for pattern in rule.match:
                last |= dict.fromkeys(set(rule.names(pattern, names)) & set(names), number)
        for kept in self.spec.kept:
            if kept.name not in last:
                raise ConfigError(f"{self.path}: no rule of `features` matches {kept.name!r}, which the spec keeps")
            self._check_transform(kept, last[kept.name])
        return last

    def groups(self, number: int) -> list[Group] | None:
        """The rules that take the place of one, none where no feature of it is kept; None where it stays as it is.

        Raises:
          ConfigError: the spec is not of this config.
        """
        rule = self.config.features[number]
        kept = [feature for feature in self.spec.kept if self.rule_of[feature.name] == number]
        names_by_changes: dict[Changes, list[str]] = {}
        for feature in sorted(kept, key=self._column_index):
            names_by_changes.setdefault(tuple(self._changes(feature, rule)), []).append(feature.name)
        # A glob, expanded over no names, is left out; itself in its place, it equals no name.
        matched = [name for pattern in rule.match for name in expand_pattern(pattern, []) or [pattern]]
        if set(names_by_changes) == {()} and sorted(matched) == sorted(names_by_changes[()]):
            return None
        return [(names, changes) for changes, names in names_by_changes.items()]

    def check(self, pruned: Config) -> None:
        """Compares what a pruned config resolves to with the spec.

        Raises:
          ConfigError: they differ: a rule is written in a way that `prune` does not know.
        """
        features = pruned.resolve([column.name for column in self.spec.inputs])
        full = pruned.model.embedding_width
        resolved = {f.name: (min(full, f.width or full) if f.embedded else None, f.size_limit) for f in features}
        kept = {f.name: (f.width if f.rows else None, f.transform.get("max_size")) for f in self.spec.kept}
        if resolved != kept:
            differing = sorted(name for name, _ in set(resolved.items()) ^ set(kept.items()))
            raise ConfigError(f"{self.path}: the rules of {', '.join(differing)} cannot be pruned; write them as plain lists")

    def _column_index(self, feature: KeptFeature) -> int:
        """Number of the feature's first column among the spec's."""
        columns = [column.name for column in self.spec.inputs]
        if not set(feature.inputs[:1]) <= set(columns) or not feature.inputs:
            raise ConfigError(f"the spec keeps {feature.name!r}, but not the column it reads; export it again")
        return columns.index(feature.inputs[0])

    def _changes(self, feature: KeptFeature, rule: FeatureRule) -> Iterable[tuple[str, int]]:
        full = self.config.model.embedding_width
        if feature.rows and feature.width != min(full, rule.width or full):
            yield "width", feature.width
        size = feature.transform.get("max_size")
        if size is not None and size != rule.feature(feature.name).size_limit:
            yield "max_size", size

    def _check_transform(self, kept: KeptFeature, number: int) -> None:
        transform = self.config.features[number].feature(kept.name).transform()
        if _without_sizes(transform) != _without_sizes(kept.transform):
            raise ConfigError(
                f"{self.path}: features[{number}] treats {kept.name!r} otherwise than the spec does "
                f"({_without_sizes(transform)} against {kept.transform}); the spec is of another config"
            )


def _without_sizes(transform: dict[str, object]) -> dict[str, object]:
    return {field: value for field, value in transform.items() if field not in SIZES}

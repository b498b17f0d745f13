"""Matching: which columns of the data the config's rules and patterns stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pydantic

from features.codes import Multivalued
from features.config.pattern import expand_pattern, is_glob
from features.config.rules import FeatureRule
from features.errors import ConfigError
from features.feature import Feature


def match_rules(rules: Sequence[FeatureRule], columns: Sequence[str], reserved: Mapping[str, str]) -> list[Feature]:
    """Applies the feature rules to the data's columns; where several match one column, the last one holds.

    Args:
      rules: the config's `features`.
      columns: the names of all columns of the data.
      reserved: columns that can be no feature, with what each is, such as `the label`.

    Returns:
      The features in the data's order, whichever rule named them, crosses last: a config with fewer features leaves the
      others in their places.

    Raises:
      ConfigError: a rule matches no column, takes a reserved one, or takes one from an earlier rule whose fields would be
        lost; a cross has the name of a column.
    """
    features: dict[str, Feature] = {}
    holders: dict[str, int] = {}  # index of the rule that each feature comes from
    known = frozenset(columns)  # there may be thousands of columns, and each feature looks its own up
    for index, rule in enumerate(rules):
        for name in _names(index, rule, columns, reserved):
            feature = rule.feature(name)
            _check_inputs(index, feature, known, reserved)
            if name in features and holders[name] != index:
                _check_nothing_lost(index, holders[name], feature, features[name])
            features[name], holders[name] = feature, index
    for name in features:
        # The transformed rows have a column of that name for the weights of a list.
        weighted = features.get(name.removesuffix(".weights")) if name.endswith(".weights") else None
        if isinstance(weighted, Multivalued) and weighted.weights:
            raise ConfigError(f"features[{holders[name]}].match: {name!r} is what the weights of another feature are called")
    # In the order of the data and not of the rules, which decides ties and the columns' places in the network.
    order = {name: number for number, name in enumerate(columns)}
    return sorted(features.values(), key=lambda feature: order.get(feature.name, len(order)))


def check_patterns(field: str, patterns: Sequence[str], names: Sequence[str], what: str) -> None:
    """Checks that each pattern of a field stands for one name at least.

    Args:
      field: of the config, such as `selection.keep`.
      patterns: that it holds.
      names: that there are.
      what: these are, in words.

    Raises:
      ConfigError: a pattern stands for none.
    """
    for pattern in patterns:
        if not set(expand_pattern(pattern, names)) & set(names):
            raise ConfigError(f"{field}: {pattern!r} is {what}")


def _names(index: int, rule: FeatureRule, columns: Sequence[str], reserved: Mapping[str, str]) -> list[str]:
    """Names of the features that a rule makes; globs pass over reserved columns, and over one without a name, an index."""
    names = []
    for pattern in rule.match:
        if not rule.feature_class.named_after_column:
            if pattern in columns:
                raise ConfigError(
                    f"features[{index}].match: {pattern!r} is a column of the data; give the {rule.kind} another name"
                )
            matched = [pattern]
        elif is_glob(pattern, columns):
            # `*` means all features, so nobody should have to list the label as an exception.
            matched = [name for name in expand_pattern(pattern, columns) if name and name not in reserved]
        else:
            matched = expand_pattern(pattern, columns)
        if not matched:
            raise ConfigError(f"features[{index}].match: {pattern!r} matches no column of the data")
        names += matched
    return names


def _check_inputs(index: int, feature: Feature, columns: frozenset[str], reserved: Mapping[str, str]) -> None:
    for column in feature.inputs:
        other = "weights" if isinstance(feature, Multivalued) else "columns"
        field = "match" if column == feature.name else other
        if column in reserved:
            raise ConfigError(f"features[{index}].{field}: {column!r} is {reserved[column]}, which can be no feature")
        if column not in columns:
            raise ConfigError(f"features[{index}].{field}: column {column!r} is not in the data; check its spelling")


def _check_nothing_lost(index: int, earlier: int, feature: Feature, before: Feature) -> None:
    """The later of two rules holds alone: what only the earlier one says of the column would be lost without a word."""
    fields = sorted(before.model_fields_set - feature.model_fields_set)
    lost = [field for field in fields if _may_have(feature, field, getattr(before, field))]
    if lost:
        raise ConfigError(
            f"features[{index}]: takes {feature.name!r} from features[{earlier}], whose {', '.join(lost)} would be lost; "
            f"repeat the fields in features[{index}], or leave the column out of features[{earlier}]"
        )


def _may_have(feature: Feature, field: str, value: object) -> bool:
    """Whether the feature could have the field: one that its kind does not know is no loss."""
    # Asked of pydantic, which knows the rules: a field may be of another kind, or fit no longer beside the new rule's.
    try:
        type(feature).model_validate(feature.model_dump(exclude_unset=True) | {field: value})
    except pydantic.ValidationError:
        return False
    return True

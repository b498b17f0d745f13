"""The entries of a config's `features`: each has the fields of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union

from pydantic import BeforeValidator, Field, create_model, model_validator

from features.config.pattern import expand_pattern
from features.feature import DEFAULT_KIND, Feature, FeatureOptions, Kind
from features.fields import Texts
from features.kinds import KINDS


class FeatureRule(FeatureOptions):
    """An entry of `features`: which columns it matches, and what is done with them. Each kind has a subclass."""

    feature_class: ClassVar[type[Feature]]

    match: Annotated[Texts, Field(min_length=1)] = Field(
        description="Columns the rule is for: a name, a glob (`onehot_feat*`), a range (`I1..I13`), or a list of these; where "
        "several rules match a column, the last one holds. Of a cross: the name it is given.",
    )
    kind: Kind = DEFAULT_KIND

    @model_validator(mode="after")
    def _check_feature(self) -> Self:
        if not self.feature_class.named_after_column and len(self.match) > 1:
            raise ValueError(f"a {self.kind} needs one name in `match`, the one that it is given")
        # Made for its checks alone: fields that contradict each other are refused when the file is read.
        self.feature(self.match[0])
        return self

    def names(self, pattern: str, columns: list[str]) -> list[str]:
        """The features that one of its patterns stands for, given the names of all columns."""
        return expand_pattern(pattern, columns) if self.feature_class.named_after_column else [pattern]

    def feature(self, name: str) -> Feature:
        """The feature of that name that the rule asks for.

        Raises:
          pydantic.ValidationError: fields contradict each other.
        """
        # Only the fields that were given: which ones those are decides whether a later rule would lose any.
        return self.feature_class(name=name, **self.model_dump(exclude={"match"}, exclude_unset=True))


def _rule_class(kind: Kind, feature_class: type[Feature]) -> type[FeatureRule]:
    """The rule of a kind: the fields of its features, with `match` instead of `name`."""
    # Made from the features' class, so that a field is declared once and config and spec cannot differ.
    given = {"name", "kind", *FeatureRule.model_fields}
    fields: dict[str, Any] = {n: (f.annotation, f) for n, f in feature_class.model_fields.items() if n not in given}
    fields["kind"] = (Literal[kind], Field(DEFAULT_KIND if kind == DEFAULT_KIND else ..., description=feature_class.__doc__))
    rule = create_model(
        f"{feature_class.__name__}Rule", __base__=FeatureRule, __module__=__name__, __doc__=feature_class.__doc__, **fields
    )
    rule.feature_class = feature_class
    return rule


RULES: dict[Kind, type[FeatureRule]] = {kind: _rule_class(kind, feature_class) for kind, feature_class in KINDS.items()}
globals().update({rule.__name__: rule for rule in RULES.values()})  # where pickle looks for the class of a rule


def _name_kind(rule: Any) -> Any:
    """Adds the kind that a rule without one has; refuses fields that only other kinds have, and says which."""
    if not isinstance(rule, dict):
        return rule
    named = {"kind": DEFAULT_KIND} | rule
    if named["kind"] not in list(KINDS):
        raise ValueError(f"kind: {named['kind']!r} is none; the kinds are {', '.join(KINDS)}")
    for field in named:
        kinds = [kind for kind, other in RULES.items() if field in other.model_fields]
        if kinds and named["kind"] not in kinds:
            raise ValueError(f"`{field}` does nothing here: it belongs to kind {' or '.join(kinds)}; leave it out")
    return named


if TYPE_CHECKING:
    AnyRule = FeatureRule
else:
    # A rule of whatever kind, told by its field `kind`.
    AnyRule = Annotated[Union[tuple(RULES.values())], Field(discriminator="kind"), BeforeValidator(_name_kind)]  # noqa: UP007

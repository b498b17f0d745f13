"""What a feature is: the rules of a config's `features`, and a rule applied to one column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.fields import NonNegativeFloat, PositiveInt, Section, Text, Texts, Width

Kind = Literal["numeric", "categorical", "multivalued", "dense", "cross"]

# Ids are int32 in a batch: a table of more rows could not be addressed. Eight rows are left for padding and the like.
MAX_IDS = 2**31 - 8
# Out-of-vocabulary buckets are for rare values; where more ids than these are wanted for them, `hash_buckets` is the tool.
MAX_OOV_BUCKETS = 10_000_000


class FeatureRule(Section):
    """An entry of `features`: which columns it matches, and what is done with them."""

    match: Annotated[Texts, Field(min_length=1)] = Field(
        description="Columns the rule is for: a name, a glob (`onehot_feat*`), a range (`I1..I13`), or a list of these; where "
        "several rules match a column, the last one holds. Of a cross: the name it is given.",
    )
    kind: Kind = Field(
        "categorical",
        description="What a value is: `numeric` (a number), `categorical` (one code or text), `multivalued` (a list of codes "
        "or texts, whose embeddings are averaged), `dense` (a vector of numbers, used as it is) or `cross` (the "
        "joint value of several columns).",
    )
    columns: list[Text] = Field([], description="Columns that a cross joins, two or more. For kind cross.")
    encoding: Literal["buckets", "log_square", "value"] = Field(
        "buckets",
        description="How a number enters the model: `buckets` (the id of its quantile), `log_square` (the id floor(log(x)^2), "
        "as is usual for Criteo's counts) or `value` (the number itself, with a missing indicator). For kind "
        "numeric.",
    )
    buckets: Annotated[int, Field(gt=1, le=1_000_000)] = Field(
        64, description="Number of quantiles, each of which is an id. For encoding `buckets`."
    )
    clip: tuple[float, float] | None = Field(
        None,
        description="Least and largest number, in the column's unit; those beyond are set to them. For encoding `value`.",
    )
    log1p: bool = Field(
        False,
        description="Whether log(1 + x) takes the place of the number x, after `clip`; negative numbers count as 0. For "
        "encoding `value`.",
    )
    standardise: bool = Field(
        True,
        description="Whether numbers are shifted and scaled to mean 0 and deviation 1 on the train rows. For encoding `value`.",
    )
    min_count: PositiveInt = Field(
        5,
        description="Train rows in which a value must occur to have an id of its own; rarer values share the "
        "out-of-vocabulary ids. For vocabularies.",
    )
    max_size: Annotated[int, Field(gt=0, le=MAX_IDS)] | None = Field(
        None,
        description="Number of values that have an id of their own at most, the most frequent ones first; where it is not "
        "given, all of them. For vocabularies.",
    )
    oov_buckets: Annotated[int, Field(gt=0, le=MAX_OOV_BUCKETS)] = Field(
        1, description="Number of ids for values out of the vocabulary, which are hashed into them. For vocabularies."
    )
    hash_buckets: Annotated[int, Field(gt=1, le=MAX_IDS)] | None = Field(
        None,
        description="Number of ids that values are hashed into, in place of a vocabulary. For kinds categorical and "
        "multivalued; a cross requires it.",
    )
    separator: Text | None = Field(
        None, description="Text between the values of one cell; columns of lists need none. For kinds multivalued and dense."
    )
    max_length: Annotated[int, Field(gt=0, le=1_000_000)] = Field(
        16, description="Number of values of one row that are read; further ones are cut off. For kinds multivalued and dense."
    )
    weights: Text | None = Field(
        None,
        description="Column with the weight of each value in the average, in lists of the same length. For kind multivalued.",
    )
    width: Width | None = Field(
        None,
        description="Number of columns of the embedding at most; where it is not given, `model.embedding_width`. For features "
        "that are embedded.",
    )
    group: Text | None = Field(None, description="Name of a group; the features of one group are picked together.")
    source: Text | None = Field(
        None,
        description="Name of the store that the value is fetched from; its cost, in `selection.sources`, is paid once for all "
        "features of the source.",
    )
    cost: NonNegativeFloat | None = Field(
        None, description="What the feature costs at any width, in the unit of `selection.budget.cost`."
    )
    cost_per_column: NonNegativeFloat = Field(
        0.0, description="What each column of the embedding costs on top, in the unit of `selection.budget.cost`."
    )

    @model_validator(mode="after")
    def _check_values(self) -> FeatureRule:
        if self.kind == "cross" and (len(self.columns) < 2 or self.hash_buckets is None or len(self.match) > 1):
            raise ValueError("a cross needs one name in `match`, two or more `columns`, and `hash_buckets`")
        if self.clip and self.clip[0] >= self.clip[1]:
            raise ValueError(f"clip: {self.clip[0]:g} is not below {self.clip[1]:g}; give the least number, then the largest")
        return self

    @model_validator(mode="after")
    def _refuse_idle_fields(self) -> FeatureRule:
        for fields, condition, holds in _CONDITIONS:
            for field in fields:
                if getattr(self, field) != FeatureRule.model_fields[field].default and not holds(self):
                    raise ValueError(f"`{field}` does nothing here: it belongs to {condition}; leave it out")
        return self


# Which fields are read only under a condition: the fields, the condition in words, and whether a rule meets it.
_CONDITIONS: tuple[tuple[tuple[str, ...], str, Callable[[FeatureRule], bool]], ...] = (
    (("columns",), "kind cross", lambda rule: rule.kind == "cross"),
    (("encoding",), "kind numeric", lambda rule: rule.kind == "numeric"),
    (("buckets",), "kind numeric and encoding buckets", lambda rule: (rule.kind, rule.encoding) == ("numeric", "buckets")),
    (
        ("clip", "log1p", "standardise"),
        "kind numeric and encoding value",
        lambda rule: (rule.kind, rule.encoding) == ("numeric", "value"),
    ),
    (
        ("hash_buckets",),
        "kind categorical, multivalued or cross",
        lambda rule: rule.kind in ("categorical", "multivalued", "cross"),
    ),
    (
        ("min_count", "max_size", "oov_buckets"),
        "a vocabulary (kind categorical or multivalued, without `hash_buckets`)",
        lambda rule: rule.kind in ("categorical", "multivalued") and rule.hash_buckets is None,
    ),
    (("separator", "max_length"), "kind multivalued or dense", lambda rule: rule.kind in ("multivalued", "dense")),
    (("weights",), "kind multivalued", lambda rule: rule.kind == "multivalued"),
    # Of vectors it says nothing that is read, but the drafts of `winnow init` held it, and they go on loading.
    (("width",), "features that are embedded", lambda rule: (rule.kind, rule.encoding) != ("numeric", "value")),
)


class Feature(FeatureRule):
    """A rule applied to one column: what preprocessing, the model and the spec speak of."""

    match: Texts = []
    name: str

    @property
    def inputs(self) -> list[str]:
        """The raw columns this feature reads."""
        own = self.columns if self.kind == "cross" else [self.name]
        return own + ([self.weights] if self.weights else [])

    @property
    def embedded(self) -> bool:
        """Whether the feature is ids into a table (else floats)."""
        return not (self.kind == "dense" or (self.kind == "numeric" and self.encoding == "value"))

    @property
    def has_vocabulary(self) -> bool:
        """Whether ids come from a vocabulary learnt from the train split."""
        return self.kind in ("categorical", "multivalued") and self.hash_buckets is None

    @property
    def cuttable(self) -> bool:
        """Whether rare values can be left out of the vocabulary afterwards: of several buckets, an id does not tell theirs."""
        return self.has_vocabulary and self.oov_buckets == 1

"""What a feature is: the rules of a config's `features`, and a rule applied to one column."""

from __future__ import annotations

import fnmatch
import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from features.fields import PositiveInt, Section

Kind = Literal["numeric", "categorical", "multivalued", "dense", "cross"]

_RANGE = re.compile(r"^(.*?)(\d+)\.\.(.*?)(\d+)$")


class FeatureRule(Section):
    """One line of `features`: which columns it matches, and what is done with them.

    match: a name, a glob (`onehot_feat*`), a range (`I1..I13`), or a list of these.
    kind: numeric, categorical, multivalued, dense, or cross (of `columns`).
    encoding (numeric): `buckets` (quantiles to ids), `log_square` (Criteo's floor(log(x)^2) to ids), or `value` (a
        float with a missing indicator, after `clip`, `log1p` and `standardise`).
    hash_buckets (categorical, multivalued, cross): hash instead of a vocabulary.
    separator (multivalued): splits text; lists need none. max_length: values beyond it are cut.
    group: features of one group are picked together. source: where the value comes from; the cost of a source, in
        `selection.sources`, is paid once. cost, cost_per_column: of the feature, for budgets of cost.
    """

    match: list[str]
    kind: Kind = "categorical"
    columns: list[str] = []
    encoding: Literal["buckets", "log_square", "value"] = "buckets"
    buckets: Annotated[int, Field(gt=1)] = 64
    clip: tuple[float, float] | None = None
    log1p: bool = False
    standardise: bool = True
    min_count: PositiveInt = 5
    max_size: PositiveInt | None = None
    oov_buckets: PositiveInt = 1
    hash_buckets: PositiveInt | None = None
    separator: str | None = None
    max_length: PositiveInt = 16
    weights: str | None = None
    width: PositiveInt | None = None
    group: str | None = None
    source: str | None = None
    cost: float | None = Field(None, ge=0)
    cost_per_column: float = Field(0.0, ge=0)

    @field_validator("match", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> FeatureRule:
        if self.kind == "cross":
            if len(self.columns) < 2 or self.hash_buckets is None or len(self.match) > 1:
                raise ValueError("a cross needs one name in `match`, two or more `columns`, and `hash_buckets`")
        elif self.columns:
            raise ValueError("`columns` belongs to kind cross")
        if self.weights and self.kind != "multivalued":
            raise ValueError("`weights` belongs to kind multivalued")
        return self


class Feature(FeatureRule):
    """A rule applied to one column: what preprocessing, the model and the spec speak of."""

    match: list[str] = []
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


def expand_pattern(pattern: str, columns: list[str]) -> list[str]:
    """Names that a pattern stands for: a glob over `columns`, a range such as `I1..I13`, or the name itself."""
    if any(mark in pattern for mark in "*?["):
        return fnmatch.filter(columns, pattern)
    span = _RANGE.match(pattern)
    if span and span[1] == span[3] and int(span[2]) <= int(span[4]):
        return [f"{span[1]}{number}" for number in range(int(span[2]), int(span[4]) + 1)]
    return [pattern]

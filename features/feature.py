"""A feature: what preprocessing, the model and the spec speak of. The kinds of features are in `features.kinds`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from features.encoding import FIRST_BUCKET, Encoding
from features.errors import DataError
from features.fields import NonNegativeFloat, Section, Text, Width
from features.inputs import Input, holds_lists
from features.statistics import Statistics

Kind = Literal["numeric", "categorical", "multivalued", "dense", "cross"]
DEFAULT_KIND: Kind = "categorical"  # of a rule that names none

# Fields of all kinds whose cells hold several values, codes and numbers alike.
Separator = Annotated[Text | None, Field(description="Text between the values of one cell; columns of lists need none.")]
MaxLength = Annotated[
    int, Field(gt=0, le=1_000_000, description="Number of values of one row that are read; further ones are cut off.")
]


class FeatureOptions(Section):
    """Fields that the features of all kinds have."""

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


class Feature(FeatureOptions):
    """One feature. Each kind is a subclass that adds the fields which mean something for it, and says what follows from them.

    Attributes:
      name: of the column it reads; of a cross the name it was given.
      kind: tells the subclasses apart in a document.
      uncounted_fields: change neither how a row is parsed nor what is counted of it, and so are left out of the cache key of
        a parsed shard. A field that is not listed is in the key: whoever adds one has nothing to remember.
      named_after_column: whether a rule's `match` names columns, so that patterns are expanded.
      counted_by_value: whether counting tells how often each value occurs.
      counted_in_buckets: whether there may be so many values that each worker counts a part of them.
      one_id_a_row: whether a row has one id, by which rows can be told apart.
    """

    uncounted_fields: ClassVar[frozenset[str]] = frozenset(FeatureOptions.model_fields)
    named_after_column: ClassVar[bool] = True
    counted_by_value: ClassVar[bool] = True
    counted_in_buckets: ClassVar[bool] = True
    one_id_a_row: ClassVar[bool] = False

    name: Text
    kind: Kind

    @property
    def inputs(self) -> list[str]:
        """The raw columns this feature reads."""
        return [self.name]

    @abstractmethod
    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """How one of its raw columns is read; the type is None where the format has none (delimited text).

        Raises:
          DataError: the column's type does not fit the feature.
        """

    @abstractmethod
    def size_of(self, statistics: Statistics) -> int:
        """Number of ids that stand for one value or one bucket of numbers each; for floats, how many floats a row has."""

    @abstractmethod
    def largest_size(self, rows: int) -> int:
        """The largest that `size_of` can become with so many train rows."""

    @property
    def shared_ids(self) -> int:
        """Number of ids into which values are hashed."""
        return 0

    @property
    def size_limit(self) -> int | None:
        """The largest number of values that may have an id each, if the config sets one; None for as many as there are."""
        return None

    @property
    def values_a_row(self) -> int:
        """Number of values of one row that are read, at most."""
        return 1

    @property
    def embedded(self) -> bool:
        """Whether the feature is ids into a table (else floats)."""
        return True

    @property
    def has_vocabulary(self) -> bool:
        """Whether ids come from a vocabulary learnt from the train split."""
        return False

    @property
    def has_boundaries(self) -> bool:
        """Whether ids are those of buckets between quantiles of the train split."""
        return False

    @property
    def cuttable(self) -> bool:
        """Whether rare values can be left out of the vocabulary afterwards."""
        return False

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the fields of `Statistics` that stand in the graph as constants."""
        return ()

    @property
    def serving_operations(self) -> str:
        """A name for the operations that serving does with a value; features with the same name are timed as one."""
        return f"{self.kind}, {'vocabulary' if self.has_vocabulary else 'hashed'}"

    def encoding_of(self, statistics: Statistics) -> Encoding:
        """The shape of the feature's transformed column, given the figures of the train rows."""
        return self.encoding_of_size(self.size_of(statistics))

    def encoding_of_size(self, size: int) -> Encoding:
        """The shape of the feature's transformed column, given what `size_of` says."""
        if not self.embedded:
            return Encoding(self.name, 0, size, group=self.group)
        rows = FIRST_BUCKET + self.shared_ids + size
        return Encoding(self.name, rows, self.values_a_row, max_width=self.width, group=self.group)

    def refuse_idle(self, fields: Sequence[str], condition: str) -> None:
        """Refuses fields that are set but have no effect here: whoever set one expects an effect.

        Raises:
          ValueError: names the first of them and what it belongs to.
        """
        for field in fields:
            if getattr(self, field) != type(self).model_fields[field].default:
                raise ValueError(f"`{field}` does nothing here: it belongs to {condition}; leave it out")

    def transform(self) -> dict[str, Any]:
        """The rule of the feature as the spec holds it: all fields that are not at their default, those of the kind first."""
        values = self.model_dump(exclude_defaults=True, exclude={"name", "kind"}, mode="json")
        # pydantic has the fields of the base class first; a person looks for those of the kind.
        ordered = sorted(values.items(), key=lambda field: field[0] in FeatureOptions.model_fields)
        return ({"kind": self.kind} if self.kind != DEFAULT_KIND else {}) | dict(ordered)


def inputs_of(features: Sequence[Feature], types: dict[str, pa.DataType | None]) -> list[Input]:
    """The raw columns that the features need, each once, in the order of their first use.

    Args:
      features: to be read.
      types: Arrow type of each column; None where the format has none (delimited text).

    Raises:
      DataError: a column's type does not fit its feature.
    """
    inputs: dict[str, Input] = {}
    for feature in features:
        for column in feature.inputs:
            _check_flat(column, types.get(column))
            # A column is parsed once for all features, so all must agree on its type: as text `01` and `1` differ, as numbers
            # they do not.
            wanted = feature.input_of(column, types.get(column))
            known = inputs.setdefault(column, wanted)
            if known != wanted:
                raise DataError(f"column {column!r} is read as {known.dtype} and as {wanted.dtype}; give it one kind")
    return list(inputs.values())


def _check_flat(column: str, column_type: pa.DataType | None) -> None:
    """Refuses columns that hold columns: structs and maps, and lists of these or of lists."""
    if column_type is None:
        return
    values = column_type.value_type if holds_lists(column_type) else column_type
    if pa.types.is_nested(values):
        raise DataError(f"column {column!r} is {column_type}, which no feature can hold; flatten it, or match other columns")

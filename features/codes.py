"""The kinds of features whose values are codes or texts: one, a list of them, or the joint value of several columns."""

from __future__ import annotations

import sys
from typing import Annotated, ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from features.encoding import Encoding
from features.errors import DataError
from features.feature import Feature, MaxLength, Separator
from features.fields import PositiveInt, Text
from features.inputs import Input, check_numbers, holds_lists, holds_numbers, holds_texts
from features.statistics import Statistics

# Ids are int32 in a batch: a table of more rows could not be addressed. Eight rows are left for padding and the like.
MAX_IDS = 2**31 - 8
# Out-of-vocabulary buckets are for rare values; where more ids than these are wanted for them, `hash_buckets` is the tool.
MAX_OOV_BUCKETS = 10_000_000
# Stands between the texts that a cross joins, so that ("ab", "c") and ("a", "bc") differ: ASCII's unit separator, which logs
# hardly ever hold.
CROSS_SEPARATOR = "\x1f"

HashBuckets = Annotated[int, Field(gt=1, le=MAX_IDS)]


class Coded(Feature):
    """Base of the kinds whose values are codes or texts: each has an id out of a vocabulary, or a hash in its place."""

    uncounted_fields: ClassVar[frozenset[str]] = Feature.uncounted_fields | {
        "min_count",
        "max_size",
        "oov_buckets",
        "hash_buckets",
    }

    min_count: PositiveInt = Field(
        5,
        description="Train rows in which a value must occur to have an id of its own; rarer values share the out-of-vocabulary "
        "ids. For vocabularies.",
    )
    max_size: Annotated[int, Field(gt=0, le=MAX_IDS)] | None = Field(
        None,
        description="Number of values that have an id of their own at most, the most frequent ones first; where it is not "
        "given, all of them. For vocabularies.",
    )
    oov_buckets: Annotated[int, Field(gt=0, le=MAX_OOV_BUCKETS)] = Field(
        1, description="Number of ids for values out of the vocabulary, which are hashed into them. For vocabularies."
    )
    hash_buckets: HashBuckets | None = Field(
        None, description="Number of ids that values are hashed into, in place of a vocabulary."
    )

    @model_validator(mode="after")
    def _check_vocabulary(self) -> Self:
        if self.hash_buckets is not None:
            condition = "a vocabulary (kind categorical or multivalued, without `hash_buckets`)"
            self.refuse_idle(("min_count", "max_size", "oov_buckets"), condition)
        return self

    def size_of(self, statistics: Statistics) -> int:
        """Number of values in the vocabulary; 0 where values are hashed."""
        return statistics.vocabulary_size if self.has_vocabulary else 0

    def largest_size(self, rows: int) -> int:
        """The largest vocabulary: each of its values occurs `min_count` times, so the rows have no room for more."""
        if not self.has_vocabulary:
            return 0
        return min(rows * self.values_a_row // self.min_count, self.max_size or sys.maxsize)

    @property
    def shared_ids(self) -> int:
        """Number of out-of-vocabulary ids; without a vocabulary, of all ids."""
        return self.hash_buckets or self.oov_buckets

    @property
    def size_limit(self) -> int | None:
        """The largest number of values that the config allows in the vocabulary; None where it sets no limit."""
        return self.max_size

    @property
    def has_vocabulary(self) -> bool:
        """Whether values are not hashed."""
        return self.hash_buckets is None

    @property
    def cuttable(self) -> bool:
        """With several out-of-vocabulary ids, the id of a rare value does not tell into which of them it would go."""
        return self.has_vocabulary and self.oov_buckets == 1


class Categorical(Coded):
    """One code or text."""

    one_id_a_row: ClassVar[bool] = True

    kind: Literal["categorical"] = "categorical"

    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """An integer where the column holds numbers, else a text."""
        return _code_input(self, column, column_type)


class Multivalued(Coded):
    """A list of codes or texts, whose embeddings are averaged."""

    kind: Literal["multivalued"] = "multivalued"
    separator: Separator = None
    max_length: MaxLength = 16
    weights: Text | None = Field(
        None,
        description="Column with the weight of each value in the average, in lists of the same length.",
    )

    @property
    def inputs(self) -> list[str]:
        """The list, and its weights."""
        return [self.name] + ([self.weights] if self.weights else [])

    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """Lists of integers or texts, or the text that the graph will split; weights are lists of floats."""
        if column_type is None and not self.separator:
            raise DataError(f"column {column!r} is text; feature {self.name!r} needs a `separator` that splits it")
        separator = self.separator if holds_texts(column_type) else None
        if column == self.weights:
            check_numbers(f"feature {self.name!r}, weights", column, column_type)
            return Input(column, "float32", self.max_length, separator, non_negative=True)
        if separator:
            return Input(column, "string")
        values = column_type.value_type if column_type is not None and holds_lists(column_type) else column_type
        return Input(column, _code_type(values), self.max_length)

    @property
    def values_a_row(self) -> int:
        """Number of elements that are read of each list."""
        return self.max_length

    def encoding_of_size(self, size: int) -> Encoding:
        """As of other kinds, with the length of the lists, and a column of weights where the feature has them."""
        rows, weighted = super().encoding_of_size(size).rows, bool(self.weights)
        return Encoding(self.name, rows, self.max_length, weighted, self.width, self.group)


class Cross(Feature):
    """The joint value of several columns, hashed."""

    uncounted_fields: ClassVar[frozenset[str]] = Feature.uncounted_fields | {"hash_buckets"}
    named_after_column: ClassVar[bool] = False

    kind: Literal["cross"] = "cross"
    columns: Annotated[list[Text], Field(min_length=2)] = Field(description="Columns that a cross joins, two or more.")
    hash_buckets: HashBuckets = Field(description="Number of ids that joint values are hashed into.")

    @property
    def inputs(self) -> list[str]:
        """The columns it joins."""
        return list(self.columns)

    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """An integer where the column holds numbers, else a text."""
        return _code_input(self, column, column_type)

    def size_of(self, statistics: Statistics) -> int:
        """No value has an id of its own."""
        return 0

    def largest_size(self, rows: int) -> int:
        """No value has an id of its own."""
        return 0

    @property
    def shared_ids(self) -> int:
        """Number of all its ids, as joint values are hashed and none has an id that is its alone."""
        return self.hash_buckets


def _code_input(feature: Feature, column: str, column_type: pa.DataType | None) -> Input:
    if column_type is not None and holds_lists(column_type):
        raise DataError(f"column {column!r} holds lists; feature {feature.name!r} needs kind multivalued or dense")
    return Input(column, _code_type(column_type))


def _code_type(column_type: pa.DataType | None) -> str:
    return "int64" if column_type is not None and holds_numbers(column_type) else "string"

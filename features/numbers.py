"""The kinds of features that are numbers: one number, or a vector of them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import pyarrow as pa
from pydantic import Field, model_validator

from features.errors import DataError
from features.feature import Feature, MaxLength, Separator
from features.inputs import Input, check_numbers, holds_lists, holds_numbers, holds_texts
from features.statistics import Statistics

# Ids of encoding log_square, one for each floor(log(x)^2) and each integer up to 2: log(x)^2 of counts up to 5 billion is
# below it, and larger ones share the last id.
LOG_SQUARE_BUCKETS = 506


class Arithmetic(Protocol):
    """A module that computes on arrays: `numpy` where numbers are counted, `tf.math` in the graph."""

    maximum: Any
    minimum: Any
    log1p: Any


class Numeric(Feature):
    """A number: the id of a bucket, or the number itself."""

    uncounted_fields: ClassVar[frozenset[str]] = Feature.uncounted_fields | {"buckets", "standardise"}
    counted_in_buckets: ClassVar[bool] = False  # numbers are rounded before they are counted, so that there are few

    kind: Literal["numeric"] = "numeric"
    encoding: Literal["buckets", "log_square", "value"] = Field(
        "buckets",
        description="How a number enters the model: `buckets` (the id of its quantile), `log_square` (the id floor(log(x)^2), "
        "as is usual for Criteo's counts) or `value` (the number itself, with a missing indicator).",
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

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.encoding != "buckets":
            self.refuse_idle(("buckets",), "kind numeric and encoding buckets")
        if self.encoding != "value":
            self.refuse_idle(("clip", "log1p", "standardise"), "kind numeric and encoding value")
        else:
            self.refuse_idle(("width",), "features that are embedded")
        if self.clip and self.clip[0] >= self.clip[1]:
            raise ValueError(f"clip: {self.clip[0]:g} is not below {self.clip[1]:g}; give the least number, then the largest")
        return self

    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """A float32."""
        if column_type is not None and not holds_numbers(column_type):
            raise DataError(f"column {column!r} is {column_type}, not a number; feature {self.name!r} needs another kind")
        return Input(column, "float32")

    def size_of(self, statistics: Statistics) -> int:
        """Buckets; of the number itself two floats: the number, and whether it is missing."""
        return {"buckets": len(statistics.boundaries) + 1, "log_square": LOG_SQUARE_BUCKETS, "value": 2}[self.encoding]

    def largest_size(self, rows: int) -> int:
        """As many buckets as were asked for, each of a row at least."""
        return {"buckets": min(self.buckets, rows), "log_square": LOG_SQUARE_BUCKETS, "value": 2}[self.encoding]

    @property
    def embedded(self) -> bool:
        """Whether the number is a bucket's id."""
        return self.encoding != "value"

    @property
    def has_boundaries(self) -> bool:
        """Whether its buckets are quantiles."""
        return self.encoding == "buckets"

    @property
    def constants(self) -> tuple[str, ...]:
        """The figures that its encoding computes with."""
        constants: dict[str, tuple[str, ...]] = {"buckets": ("boundaries",), "value": ("mean", "std"), "log_square": ()}
        return constants[self.encoding]

    @property
    def serving_operations(self) -> str:
        """Numbers of one encoding take the same operations."""
        return f"numeric, {self.encoding}"

    def conditioned(self, x: Any, arithmetic: Arithmetic) -> Any:
        """Numbers after `clip`, then `log1p`, as the feature asks; an array or tensor, as the module of arithmetic takes it.

        Counting and the graph both call this, so that the moments are those of the numbers that the graph standardises.
        """
        if self.clip is not None:
            x = arithmetic.maximum(arithmetic.minimum(x, self.clip[1]), self.clip[0])
        return arithmetic.log1p(arithmetic.maximum(x, 0.0)) if self.log1p else x


class Dense(Feature):
    """A vector of numbers, used as it is."""

    counted_by_value: ClassVar[bool] = False
    counted_in_buckets: ClassVar[bool] = False

    kind: Literal["dense"] = "dense"
    separator: Separator = None
    max_length: MaxLength = 16

    def input_of(self, column: str, column_type: pa.DataType | None) -> Input:
        """A vector of float32."""
        separator = self.separator if holds_texts(column_type) else None
        if not (separator or (column_type is not None and holds_lists(column_type))):
            raise DataError(f"column {column!r} is {column_type or 'text'}, not a list of numbers, as kind dense needs")
        check_numbers(f"feature {self.name!r}", column, column_type)
        if column_type is not None and pa.types.is_fixed_size_list(column_type):
            return Input(column, "float32", column_type.list_size, separator)
        return Input(column, "float32", self.max_length, separator)

    def size_of(self, statistics: Statistics) -> int:
        """The vector's length."""
        return statistics.length or 0

    def largest_size(self, rows: int) -> int:
        """The length of the longest vector that is read."""
        return self.max_length

    @property
    def embedded(self) -> bool:
        """A vector is floats."""
        return False

    @property
    def serving_operations(self) -> str:
        """All vectors take the same operations."""
        return "dense"

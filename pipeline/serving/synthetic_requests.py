"""Synthetic requests: frequent values of the train rows, some missing and some unseen, to warm up, verify and measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.codes import Multivalued
from features.feature import Feature
from features.inputs import Input
from features.names import argument_names
from features.numbers import Dense
from features.statistics import Statistics

Values = npt.NDArray[Any]
Request = dict[str, Values]  # raw columns [rows] or [rows, length] by name: object (text), int64 or float32
DTYPES: Mapping[str, type] = {"string": object, "int64": np.int64, "float32": np.float32}
# Values that no train row has, by dtype: the integer needs more bits than a float64 holds.
UNSEEN: Mapping[str, str | int | float] = {"string": "never seen", "int64": 9_007_199_254_740_993, "float32": -1e6}
UNSEEN_WEIGHT = 1e6  # of lists; a weight may not be negative


def make_requests(
    inputs: Sequence[Input],
    features: Sequence[Feature],
    statistics: Mapping[str, Statistics],
    rows: int,
    missing: float = 0.0,
    unseen: float = 0.0,
    seed: int = 0,
) -> Request:
    """Draws requests.

    Args:
      inputs: columns to make.
      features: that read them.
      statistics: of the features, with their most frequent values.
      rows: to make.
      missing: share of the values that are missing marks.
      unseen: share of the values that no train row has.
      seed: of the draw.
    """
    draw = _Draw(statistics, rows, missing, unseen, np.random.default_rng(seed))
    # Reversed, so that of several features that read a column the first one counts.
    readers = {column: feature for feature in reversed(features) for column in feature.inputs}
    return {column.name: draw.column(column, readers[column.name]) for column in inputs}


def as_tensors(request: Request, inputs: Sequence[Input]) -> dict[str, tf.Tensor]:
    """Columns by name as tensors of the inputs' types."""
    return {column.name: tf.constant(request[column.name], column.dtype) for column in inputs}


def as_arguments(request: Request, inputs: Sequence[Input]) -> dict[str, tf.Tensor]:
    """Tensors by their arguments in `serving_default`."""
    arguments = argument_names([column.name for column in inputs])
    return {arguments[name]: tensor for name, tensor in as_tensors(request, inputs).items()}


def as_examples(request: Request, inputs: Sequence[Input]) -> tf.Tensor:
    """The rows as serialized tf.Example protos, string [rows]; missing values are left out, lists end at the first."""
    return tf.constant([_example(request, inputs, row) for row in range(len(next(iter(request.values()))))])


@dataclass(frozen=True)
class _Draw:
    """Draws columns one after another; see `make_requests`."""

    statistics: Mapping[str, Statistics]
    rows: int
    missing: float
    unseen: float
    rng: np.random.Generator

    def column(self, column: Input, feature: Feature) -> Values:
        shape = (self.rows,) if column.length is None else (self.rows, column.length)
        values = self._known(column, feature, shape)
        values[self.rng.random(shape) < self.unseen] = UNSEEN_WEIGHT if _weighs(column, feature) else UNSEEN[column.dtype]
        if column.length is None:
            values[self.rng.random(self.rows) < self.missing] = column.missing
        elif isinstance(feature, Multivalued):
            values[np.arange(column.length) >= self._list_lengths(feature, column.length)[:, None]] = column.missing
        return values

    def _list_lengths(self, feature: Feature, longest: int) -> npt.NDArray[np.int64]:
        """The values and the weights of a feature end at the same positions: both draw from a generator of the feature's."""
        rng = np.random.default_rng([len(feature.name), self.rows])
        return np.where(rng.random(self.rows) < self.missing, 0, rng.integers(1, longest + 1, self.rows))

    def _known(self, column: Input, feature: Feature, shape: tuple[int, ...]) -> Values:
        dtype = DTYPES[column.dtype]
        if isinstance(feature, Dense) or _weighs(column, feature):
            return np.asarray(self.rng.random(shape), dtype)
        tokens = self._tokens(column)
        if isinstance(feature, Multivalued) and feature.separator:
            return self._joined(tokens, feature.separator, feature.max_length, shape)
        return np.asarray(self.rng.choice(tokens.astype(dtype), shape))

    def _tokens(self, column: Input) -> Values:
        """Frequent values, object [values]; a column that only a cross reads has no statistics, any value will do."""
        statistics = self.statistics.get(column.name)
        tokens = [str(n) for n in range(10)] if statistics is None else [value for value, _ in statistics.top]
        return np.array(tokens or ["0"], dtype=object)

    def _joined(self, tokens: Values, separator: str, longest: int, shape: tuple[int, ...]) -> Values:
        """Lists as text."""
        drawn = self.rng.choice(tokens, (*shape, longest))
        lengths = self.rng.integers(1, longest + 1, shape)
        return np.array([separator.join(row[:length]) for row, length in zip(drawn, lengths, strict=True)], object)


def _weighs(column: Input, feature: Feature) -> bool:
    """Whether the column holds the weights of the feature's values."""
    return isinstance(feature, Multivalued) and column.name == feature.weights


def _example(request: Request, inputs: Sequence[Input], row: int) -> bytes:
    example = tf.train.Example()
    for column in inputs:
        values = _present(np.atleast_1d(request[column.name][row]), column)
        if not values:
            continue
        target = example.features.feature[column.name]
        if column.dtype == "string":
            target.bytes_list.value.extend(value.encode() for value in values)
        elif column.dtype == "int64":
            target.int64_list.value.extend(values)
        else:
            target.float_list.value.extend(values)
    return bytes(example.SerializeToString(deterministic=True))


def _present(values: Values, column: Input) -> list[Any]:
    """The values of a cell that are not missing; NaN, which differs from itself, is the missing mark of floats."""
    if column.length is not None and column.dtype == "float32":
        return list(values.tolist())  # a weight keeps its position beside its value
    return [value for value in values.tolist() if value == value and value != column.missing]

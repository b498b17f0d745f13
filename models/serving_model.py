"""The model that serving loads: raw values in, scores out, one graph with the transform that made the training data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

import tensorflow as tf

from features.encoding import MISSING, Encoding
from features.inputs import Input
from features.names import argument_names
from models.ranking import RankingModel

# Name of the output of every signature that scores.
SCORE = "score"
Tensors = Mapping[str, tf.Tensor]
Signature: TypeAlias = "tf.types.experimental.GenericFunction | tf.types.experimental.ConcreteFunction"


class RestoredTransform(Protocol):
    """A TFT graph as `tf.saved_model` restores it.

    Attributes:
      initializers: operations that fill its lookup tables.
      resources: its lookup tables and whatever else it holds.
      transform_fn: raw columns to transformed ones.
    """

    initializers: Sequence[tf.Operation]
    resources: Sequence[tf.saved_model.experimental.TrackableResource]
    transform_fn: tf.types.experimental.ConcreteFunction


class ServingModel(tf.Module):
    """Raw columns -> probability.

    Args:
      transform: the restored TFT graph of the kept features.
      model: trained on the same features.
      encodings: of the features, in the order of the model's input.
      inputs: raw columns the transform takes.
      optional: names of columns that a request of raw columns may leave out; they are missing then.
    """

    def __init__(
        self,
        transform: RestoredTransform,
        model: RankingModel,
        encodings: Sequence[Encoding],
        inputs: Sequence[Input],
        optional: Collection[str] = (),
    ) -> None:
        super().__init__()
        # Tracked by their variables and vocabularies alone: else Keras would save functions of every layer, and TFT its own
        # signatures and each vocabulary a second time, from when it traced the shapes.
        self.weights = list(model.variables)
        self._model: Callable[[], RankingModel] = lambda: model
        self.initializers = list(transform.initializers)
        self.vocabularies = _captured(transform)
        self._transform: Callable[[Tensors], Tensors] = lambda raw: transform.transform_fn(raw)
        self.inputs = list(inputs)
        self._optional = set(optional)
        self._encodings = list(encodings)
        # A vector of another length is an error; of a list, any length will do.
        self._exact = {encoding.name for encoding in encodings if not encoding.embedded}
        columns = {e.name: (tf.int64 if e.embedded else tf.float32, e.length) for e in encodings}
        self._columns = columns | {f"{e.name}.weights": (tf.float32, e.length) for e in encodings if e.weighted}
        # One function of its own, so that the SavedModel holds the graph once and not once per signature.
        scored = tf.function(self.score, input_signature=[{i.name: self._spec(i) for i in self.inputs}])
        self._score: Callable[[Tensors], tf.Tensor] = lambda raw: scored(raw)

    @property
    def model(self) -> RankingModel:
        """The network and its tables."""
        return self._model()

    def score(self, raw: Tensors) -> tf.Tensor:
        """Probabilities, float32 [batch], of raw columns [batch] or [batch, any length]."""
        return self.score_ids(self.transformed(raw))

    def transformed(self, raw: Tensors) -> dict[str, tf.Tensor]:
        """Ids, int64 [batch, length], and floats of raw columns, by the transform's names."""
        fitted = {i.name: _fit(raw[i.name], i) if self._ragged(i) else raw[i.name] for i in self.inputs}
        columns = self._transform(fitted)
        return {name: tf.reshape(columns[name], [-1, length]) for name, (_, length) in self._columns.items()}

    def score_ids(self, transformed: Tensors) -> tf.Tensor:
        """Probabilities, float32 [batch], of transformed columns."""
        return tf.sigmoid(self.model(stack(transformed, self._encodings), training=False)[:, 0])

    def signatures(self) -> dict[str, Signature]:
        """Functions to save the model with.

        `serving_default` takes one named tensor per raw column, `serving_examples` serialized tf.Example protos, whose
        surplus features are ignored and whose absent ones are missing values. `transform` takes raw columns too and gives
        what the network takes, from which `serving_ids` gives the score.
        """
        ids = argument_names(list(self._columns))
        return {
            "serving_default": self._named(lambda raw: {SCORE: self._score(raw)}),
            "serving_examples": self._examples(),
            "transform": self._named(lambda raw: {ids[name]: x for name, x in self.transformed(raw).items()}),
            "serving_ids": self._ids(ids),
        }

    def _named(self, call: Callable[[Tensors], dict[str, tf.Tensor]]) -> Signature:
        names = argument_names([column.name for column in self.inputs])
        columns = sorted(self.inputs, key=lambda column: column.name in self._optional)  # Python wants defaults last
        specs = {i.name: self._spec(i, names[i.name]) for i in columns}
        # TensorFlow writes the defaults of a Python function into the signature, from where Serving takes them.
        signature = inspect.Signature([self._parameter(column, names[column.name]) for column in columns])

        def function(*values: tf.Tensor, **named: tf.Tensor) -> dict[str, tf.Tensor]:
            given = signature.bind(*values, **named).arguments
            # A wrong rank is not refused by itself: [n / 2, 2] would come out as n rows.
            return call(self._filled({n: tf.ensure_shape(given[s.name], s.shape) for n, s in specs.items()}))

        function.__signature__ = signature  # type: ignore[attr-defined]
        traced = tf.function(function, input_signature=list(specs.values()))
        # To look for defaults takes Python as long as a small model takes to score.
        return traced if self._optional else traced.get_concrete_function()

    def _parameter(self, column: Input, name: str) -> inspect.Parameter:
        default: object = inspect.Parameter.empty
        if column.name in self._optional:
            row = [] if self._ragged(column) else column.missing if column.length is None else [column.missing] * column.length
            default = tf.constant([row], column.dtype)
        return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)

    def _filled(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Optional columns of one row, as their defaults are, repeated for every row."""
        rows = tf.reduce_max([tf.shape(values)[0] for values in raw.values()]) if self._optional else None
        optional = {name: values for name, values in raw.items() if name in self._optional}
        return raw | {n: tf.broadcast_to(x, tf.concat([[rows], tf.shape(x)[1:]], 0)) for n, x in optional.items()}

    def _examples(self) -> Signature:
        parsing = {i.name: self._parsed(i) for i in self.inputs}
        function = tf.function(lambda examples: {SCORE: self._score(tf.io.parse_example(examples, parsing))})
        return function.get_concrete_function(tf.TensorSpec([None], tf.string, "examples"))

    def _ids(self, names: Mapping[str, str]) -> Signature:
        rows = {e.name: e.rows for e in self._encodings if e.embedded}

        def score(**given: tf.Tensor) -> dict[str, tf.Tensor]:
            transformed = {name: given[names[name]] for name in names}
            # Features share tables: an id too large for one would be another's.
            known = {name: _within(transformed[name], rows[name]) for name in rows}
            return {SCORE: self.score_ids(transformed | known)}

        specs = [tf.TensorSpec([None, n], kind, names[name]) for name, (kind, n) in self._columns.items()]
        return tf.function(score).get_concrete_function(**{spec.name: spec for spec in specs})

    def _ragged(self, column: Input) -> bool:
        return column.length is not None and column.name not in self._exact

    def _spec(self, column: Input, name: str | None = None) -> tf.TensorSpec:
        if column.length is None:
            return tf.TensorSpec([None], column.dtype, name)
        return tf.TensorSpec([None, None if self._ragged(column) else column.length], column.dtype, name)

    def _parsed(self, column: Input) -> tf.io.FixedLenFeature | tf.io.FixedLenSequenceFeature:
        if column.length is None:
            return tf.io.FixedLenFeature([], column.dtype, column.missing)
        if self._ragged(column):
            return tf.io.FixedLenSequenceFeature([], column.dtype, allow_missing=True, default_value=column.missing)
        return tf.io.FixedLenFeature([column.length], column.dtype, [column.missing] * column.length)


def stack(transformed: Tensors, encodings: Sequence[Encoding]) -> dict[str, tf.Tensor]:
    """Transformed columns [batch, length] by name as the matrices that a model takes."""
    ids = [transformed[e.name] for e in encodings if e.embedded]
    values = [transformed[e.name] for e in encodings if not e.embedded]
    inputs = {}
    if ids:
        inputs["ids"] = tf.cast(tf.concat(ids, axis=1), tf.int32)
    if values:
        inputs["values"] = tf.concat(values, axis=1)
    if any(encoding.weighted for encoding in encodings):
        inputs["weights"] = tf.concat(
            [
                transformed[f"{e.name}.weights"] if e.weighted else tf.ones_like(column, tf.float32)
                for e, column in zip([e for e in encodings if e.embedded], ids, strict=True)
            ],
            axis=1,
        )
    return inputs


def _captured(transform: RestoredTransform) -> list[tf.saved_model.experimental.TrackableResource]:
    """The lookup tables that a restored transform looks into."""
    used = {id(tensor) for tensor in transform.transform_fn.captured_inputs}
    return [table for table in transform.resources if id(table.resource_handle) in used]


def _fit(values: tf.Tensor, column: Input) -> tf.Tensor:
    """Lists of any length, cut or filled with missing marks to the length that the transform takes."""
    marks = tf.fill([tf.shape(values)[0], column.length], tf.constant(column.missing, column.dtype))
    fitted = tf.concat([values, marks], axis=1)[:, : column.length]
    return tf.ensure_shape(fitted, [None, column.length])


def _within(ids: tf.Tensor, rows: int) -> tf.Tensor:
    return tf.where((ids >= 0) & (ids < rows), ids, tf.constant(MISSING, ids.dtype))

"""The model that serving loads: raw values in, scores out, one graph with the transform that made the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from features.encoding import Encoding
from features.inputs import Input
from features.transform import specs
from models.ranking import RankingModel

SCORE = "score"


class ServingModel(tf.Module):
    """Raw columns -> probability.

    Signatures: `serving_default` takes one named tensor per raw column; `serving_examples` takes serialized tf.Example
    protos, whose surplus features are ignored and whose absent ones are missing values.

    Args:
      transform: the restored TFT graph of the kept features.
      model: trained on the same features.
      encodings: of the features, in the order of the model's input.
      inputs: raw columns the transform takes.
    """

    def __init__(self, transform: Any, model: RankingModel, encodings: Sequence[Encoding], inputs: Sequence[Input]) -> None:
        super().__init__()
        self.transform = transform
        self.model = model
        self._encodings = list(encodings)
        self._inputs = list(inputs)
        self._specs = {name: tf.TensorSpec(s.shape, s.dtype, name) for name, s in specs(inputs).items()}

    def score(self, raw: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Probabilities, float32 [batch]."""
        transformed = self.transform.transform_fn(dict(raw))
        return tf.sigmoid(self.model(stack(transformed, self._encodings), training=False)[:, 0])

    def signatures(self) -> dict[str, Any]:
        """Concrete functions to save the model with."""
        named = tf.function(lambda **raw: {SCORE: self.score(raw)})
        parsing = {i.name: tf.io.FixedLenFeature(_shape(i), i.dtype, _default(i)) for i in self._inputs}
        examples = tf.function(lambda examples: {SCORE: self.score(tf.io.parse_example(examples, parsing))})
        return {
            "serving_default": named.get_concrete_function(**self._specs),
            "serving_examples": examples.get_concrete_function(tf.TensorSpec([None], tf.string, "examples")),
        }


def stack(transformed: Mapping[str, tf.Tensor], encodings: Sequence[Encoding]) -> dict[str, tf.Tensor]:
    """Transformed columns by name as the matrices that a model takes."""
    ids = [_two_axes(transformed[e.name], e) for e in encodings if e.embedded]
    values = [_two_axes(transformed[e.name], e) for e in encodings if not e.embedded]
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


def _two_axes(column: tf.Tensor, encoding: Encoding) -> tf.Tensor:
    return tf.reshape(column, [-1, encoding.length])


def _shape(column: Input) -> list[int]:
    return [] if column.length is None else [column.length]


def _default(column: Input) -> Any:
    return column.missing if column.length is None else [column.missing] * column.length

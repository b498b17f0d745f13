"""The TFT graph: raw values to ids and floats, the same for training data and for serving.

`preprocessing_fn` is elementwise (each output value depends on its own example's values only, and uses no analyzer):
vocabularies and moments are computed beforehand, see `features.statistics`, and enter as files and constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
import tensorflow_transform as tft

from features.codes import CROSS_SEPARATOR, Categorical, Coded, Cross, Multivalued
from features.encoding import FIRST_BUCKET, MISSING, PADDING
from features.feature import Feature
from features.inputs import Input
from features.names import scope_name
from features.numbers import LOG_SQUARE_BUCKETS, Dense, Numeric
from features.private_apis import write_transform
from features.statistics import Statistics

Tensors = dict[str, tf.Tensor]


def specs(inputs: Sequence[Input]) -> dict[str, tf.TensorSpec]:
    """Batched tensor specs of the raw columns: [batch] or [batch, length]."""
    return {i.name: tf.TensorSpec([None] if i.length is None else [None, i.length], i.dtype) for i in inputs}


def make_preprocessing_fn(
    features: Sequence[Feature],
    statistics: dict[str, Statistics],
    vocabularies: Mapping[str, str],
    missing: Sequence[str] = (),
) -> Callable[[Tensors], Tensors]:
    """The transform of the given features alone.

    Args:
      features: to transform.
      statistics: of each, by name.
      vocabularies: path of the vocabulary file of each feature that has one, by name: a token a line, in id order.
      missing: texts that mean "no value", as in `data.missing`.

    Returns:
      A function of raw tensors (see `specs`) to int64 ids [batch] or [batch, length] and float32 values [batch, length],
      by feature name, with `<feature>.weights` beside weighted features.
    """

    def preprocessing_fn(inputs: Tensors) -> Tensors:
        # Rows for training come without these texts; a request has them as the logs do.
        inputs = {name: _without(raw, missing) for name, raw in inputs.items()}
        outputs = {}
        for feature in features:
            with tf.name_scope(scope_name(feature.name)):
                outputs[feature.name] = _transform(feature, statistics[feature.name], vocabularies, inputs)
                if isinstance(feature, Multivalued) and feature.weights:
                    weights = inputs[feature.weights]
                    # A negative weight would divide by a sum near 0; `tf.where` also makes 0 of those that are missing.
                    outputs[f"{feature.name}.weights"] = tf.where(weights > 0, weights, 0.0)
        return outputs

    return preprocessing_fn


def write_graph(
    features: Sequence[Feature],
    inputs: Sequence[Input],
    statistics: dict[str, Statistics],
    vocabularies: Mapping[str, str],
    output: str,
    missing: Sequence[str] = (),
) -> None:
    """Writes the TFT output folder (`transform_fn/`, `transformed_metadata/`), readable by `tft.TFTransformOutput`."""
    type_specs = specs(inputs)
    feature_specs = {spec.name: tf.io.FixedLenFeature(type_specs[spec.name].shape[1:], spec.dtype) for spec in inputs}
    function = make_preprocessing_fn(features, statistics, vocabularies, missing)
    write_transform(function, feature_specs, type_specs, output)


def _without(raw: tf.Tensor, missing: Sequence[str]) -> tf.Tensor:
    """Texts, with "" for those that mean "no value"; numbers as they are."""
    if raw.dtype != tf.string or not missing:
        return raw
    is_mark = tf.reduce_any(tf.stack([tf.equal(raw, mark) for mark in missing]), axis=0)
    return tf.where(is_mark, "", raw)


def _transform(feature: Feature, statistics: Statistics, vocabularies: Mapping[str, str], inputs: Tensors) -> tf.Tensor:
    match feature:
        case Numeric():
            return _number(feature, statistics, inputs[feature.name])
        case Dense():
            return _vector(inputs[feature.name])
        case Cross():
            return _cross(feature, [inputs[column] for column in feature.columns])
        case Multivalued():
            return _list(feature, statistics, vocabularies, inputs[feature.name])
        case Categorical():
            text = _text(inputs[feature.name])
            return _table_ids(_ids(feature, statistics, vocabularies, text), tf.equal(text, ""))
        case _:
            raise NotImplementedError(f"kind {feature.kind} has no transform")


def _number(feature: Numeric, statistics: Statistics, raw: tf.Tensor) -> tf.Tensor:
    absent = tf.math.is_nan(raw)
    if feature.encoding == "buckets":
        return _table_ids(tf.raw_ops.Bucketize(input=raw, boundaries=statistics.boundaries), absent)
    if feature.encoding == "log_square":
        return _table_ids(_log_square(tf.where(absent, 0.0, raw)), absent)
    # Without a known value there is no mean, and a constant's deviation of 0 cannot divide.
    mean, std = (statistics.mean or 0.0, statistics.std or 1.0) if feature.standardise else (0.0, 1.0)
    value = (feature.conditioned(raw, tf.math) - mean) / std
    return tf.stack([tf.where(absent, 0.0, value), tf.cast(absent, tf.float32)], axis=1)


def _vector(raw: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.math.is_nan(raw), 0.0, raw)


def _cross(feature: Cross, columns: Sequence[tf.Tensor]) -> tf.Tensor:
    texts = [_text(column) for column in columns]
    absent = tf.reduce_any(tf.stack([tf.equal(text, "") for text in texts]), axis=0)
    joined = tf.strings.join(texts, CROSS_SEPARATOR)
    return _table_ids(tf.strings.to_hash_bucket_fast(joined, feature.hash_buckets), absent)


def _list(feature: Multivalued, statistics: Statistics, vocabularies: Mapping[str, str], raw: tf.Tensor) -> tf.Tensor:
    text = _text(raw)
    if feature.separator and text.shape.rank == 1:
        text = tf.strings.split(text, feature.separator).to_tensor(default_value="", shape=[None, feature.max_length])
    return _table_ids_of_lists(_ids(feature, statistics, vocabularies, text), tf.equal(text, ""))


def _log_square(x: tf.Tensor) -> tf.Tensor:
    # Criteo's 3 Idiots' binning: floor(log(x)^2) above 2, each small integer by itself.
    small = tf.cast(tf.clip_by_value(tf.floor(x), -3.0, 2.0), tf.int64) + 3
    large = 5 + tf.cast(tf.floor(tf.square(tf.math.log(tf.maximum(x, 3.0)))), tf.int64)
    return tf.where(x > 2.0, tf.minimum(large, LOG_SQUARE_BUCKETS - 1), small)


def _text(raw: tf.Tensor) -> tf.Tensor:
    """Codes as texts, which is what vocabulary files hold; the missing mark of integers becomes the empty text."""
    if raw.dtype == tf.string:
        return raw
    return tf.where(tf.equal(raw, raw.dtype.min), "", tf.strings.as_string(raw))


def _ids(feature: Coded, statistics: Statistics, vocabularies: Mapping[str, str], text: tf.Tensor) -> tf.Tensor:
    """Hashes, or indices into the vocabulary, which come after the out-of-vocabulary buckets."""
    if feature.hash_buckets:
        return tf.strings.to_hash_bucket_fast(text, feature.hash_buckets)
    size, oov = statistics.vocabulary_size, feature.oov_buckets
    if size == 0:  # no value is frequent enough; TFT cannot look up in an empty file
        return tf.strings.to_hash_bucket_fast(text, oov)
    ids = tft.apply_vocabulary(text, vocabularies[feature.name], num_oov_buckets=oov)
    return tf.where(ids >= size, ids - size, ids + oov)  # TFT puts the buckets last, our layout first


def _table_ids(ids: tf.Tensor, absent: tf.Tensor) -> tf.Tensor:
    """Rows of the embedding table (see `features.encoding`) of one value an example."""
    return tf.where(absent, tf.constant(MISSING, tf.int64), tf.cast(ids, tf.int64) + FIRST_BUCKET)


def _table_ids_of_lists(ids: tf.Tensor, absent: tf.Tensor) -> tf.Tensor:
    """Rows of the embedding table of lists, [batch, length]; a list without any value is one missing value, and padding."""
    table_ids = tf.where(absent, tf.constant(PADDING, tf.int64), tf.cast(ids, tf.int64) + FIRST_BUCKET)
    first = tf.where(tf.reduce_all(absent, axis=1, keepdims=True), tf.constant(MISSING, tf.int64), table_ids[:, :1])
    return tf.concat([first, table_ids[:, 1:]], axis=1)

"""Made-up requests: frequent values of the train rows with some missing and some unseen, to warm up, verify and measure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.codes import Multivalued
from features.errors import DataError
from features.feature import Feature
from features.inputs import Input, argument_names
from features.numbers import Dense
from features.statistics import Statistics

Request = dict[str, npt.NDArray[Any]]
GOLDEN_FILE, WARMUP_FILE = "golden_requests.json", "tf_serving_warmup_requests"
_DTYPES = {"string": object, "int64": np.int64, "float32": np.float32}
_UNSEEN = {"string": "never seen", "int64": 9_007_199_254_740_993, "float32": -1e6}


def make_requests(
    inputs: Sequence[Input],
    features: Sequence[Feature],
    statistics: Mapping[str, Statistics],
    rows: int,
    missing: float = 0.0,
    unseen: float = 0.0,
    seed: int = 0,
) -> Request:
    """Raw columns [rows] or [rows, length] by name, object (text), int64 or float32.

    Args:
      inputs: columns to make.
      features: that read them.
      statistics: of the features, with their most frequent values.
      rows: to make.
      missing: share of the values that are missing marks.
      unseen: share of the values that no train row has.
      seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    readers = {column: feature for feature in reversed(features) for column in feature.inputs}
    return {column.name: _drawn(column, readers[column.name], statistics, rows, missing, unseen, rng) for column in inputs}


def as_tensors(request: Request, inputs: Sequence[Input]) -> dict[str, tf.Tensor]:
    """Columns by name as tensors of the inputs' types."""
    return {column.name: tf.constant(request[column.name], column.dtype) for column in inputs}


def as_examples(request: Request, inputs: Sequence[Input]) -> tf.Tensor:
    """The rows as serialized tf.Example protos, string [rows]; missing values are left out, lists end at the first."""
    return tf.constant([_example(request, inputs, row) for row in range(len(next(iter(request.values()))))])


def write_golden(path: Path, request: Request, scores: npt.NDArray[np.float32]) -> None:
    """Writes requests with the scores that they must get, NaN as null."""
    columns = {name: _plain(values) for name, values in request.items()}
    text = json.dumps({"columns": columns, "scores": [float(score) for score in scores]}, ensure_ascii=False, allow_nan=False)
    path.write_text(text.replace('], "', '],\n "') + "\n")


def read_golden(path: Path, inputs: Sequence[Input]) -> tuple[Request, npt.NDArray[np.float32]]:
    """Inverse of `write_golden`.

    Raises:
      DataError: the file is absent or damaged.
    """
    try:
        document = json.loads(path.read_text())
        request = {i.name: np.array(document["columns"][i.name], dtype=_DTYPES[i.dtype]) for i in inputs}
        return request, np.array(document["scores"], np.float32)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as golden requests: {error!r}; run `winnow export` again") from None


def write_warmup(path: Path, request: Request, inputs: Sequence[Input], batches: Sequence[int]) -> None:
    """Writes the PredictRequests that TensorFlow Serving replays when it loads the model."""
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2  # type: ignore[import-untyped]

    names = argument_names([column.name for column in inputs])
    with tf.io.TFRecordWriter(str(path)) as writer:
        for batch in batches:
            predict = predict_pb2.PredictRequest()
            predict.model_spec.signature_name = "serving_default"
            for name, tensor in as_tensors({name: values[:batch] for name, values in request.items()}, inputs).items():
                predict.inputs[names[name]].CopyFrom(tf.make_tensor_proto(tensor))
            log = prediction_log_pb2.PredictLog(request=predict)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString(deterministic=True))


def _drawn(
    column: Input,
    feature: Feature,
    statistics: Mapping[str, Statistics],
    rows: int,
    missing: float,
    unseen: float,
    rng: np.random.Generator,
) -> npt.NDArray[Any]:
    shape = (rows,) if column.length is None else (rows, column.length)
    values = _known(column, feature, statistics, shape, rng)
    values[rng.random(shape) < unseen] = _UNSEEN[column.dtype]
    if column.length is None:
        values[rng.random(rows) < missing] = column.missing
    elif isinstance(feature, Multivalued):
        # The values and the weights of a feature end at the same places: both draw from its own generator.
        own = np.random.default_rng([len(feature.name), rows])
        lengths = np.where(own.random(rows) < missing, 0, own.integers(1, column.length + 1, rows))
        values[np.arange(column.length) >= lengths[:, None]] = column.missing
    return values


def _known(
    column: Input, feature: Feature, statistics: Mapping[str, Statistics], shape: tuple[int, ...], rng: np.random.Generator
) -> npt.NDArray[Any]:
    dtype: Any = _DTYPES[column.dtype]
    if isinstance(feature, Dense) or (isinstance(feature, Multivalued) and column.name == feature.weights):
        return np.asarray(rng.random(shape), dtype)
    # A column that only a cross reads has no statistics of its own; any value will do.
    seen = statistics[column.name].top if column.name in statistics else [(str(n), 1) for n in range(10)]
    known = np.array([value for value, _ in seen] or ["0"], dtype=object)
    if isinstance(feature, Multivalued) and feature.separator:
        drawn = rng.choice(known, (*shape, feature.max_length))
        ends = rng.integers(1, feature.max_length + 1, shape)
        return np.array([feature.separator.join(row[:end]) for row, end in zip(drawn, ends, strict=True)], dtype)
    return rng.choice(known.astype(dtype), shape)


def _example(request: Request, inputs: Sequence[Input], row: int) -> bytes:
    example = tf.train.Example()
    for column in inputs:
        values = np.atleast_1d(request[column.name][row])
        present = [value for value in values.tolist() if value == value and value != column.missing]
        if column.length is not None and column.dtype == "float32":
            present = values.tolist()  # a weight keeps its place beside its value
        target = example.features.feature[column.name] if present else None
        if target is None:
            continue
        if column.dtype == "string":
            target.bytes_list.value.extend(value.encode() for value in present)
        elif column.dtype == "int64":
            target.int64_list.value.extend(present)
        else:
            target.float_list.value.extend(present)
    return bytes(example.SerializeToString(deterministic=True))


def _plain(values: npt.NDArray[Any]) -> list[Any]:
    if values.dtype == np.float32:
        return np.where(np.isnan(values), np.array(None), values.astype(object)).tolist()
    return values.tolist()

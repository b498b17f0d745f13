"""Warm-up requests: what TensorFlow Serving replays when it loads a model, so that the first user does not wait."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from features.inputs import Input
from pipeline.serving.synthetic_requests import Request, as_arguments

WARMUP_FILE = "tf_serving_warmup_requests"  # the name under which TensorFlow Serving looks for it


def write_warmup(path: Path, request: Request, inputs: Sequence[Input], batches: Sequence[int]) -> None:
    """Writes a request of `serving_default` for each size of batch.

    Args:
      path: of the file.
      request: raw columns by name, with at least as many rows as the largest batch.
      inputs: of the model.
      batches: rows of the requests.
    """
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2  # type: ignore[import-untyped]

    with tf.io.TFRecordWriter(str(path)) as writer:
        for batch in batches:
            predict = predict_pb2.PredictRequest()
            predict.model_spec.signature_name = "serving_default"
            rows = {name: values[:batch] for name, values in request.items()}
            for argument, tensor in as_arguments(rows, inputs).items():
                predict.inputs[argument].CopyFrom(tf.make_tensor_proto(tensor))
            log = prediction_log_pb2.PredictLog(request=predict)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString(deterministic=True))

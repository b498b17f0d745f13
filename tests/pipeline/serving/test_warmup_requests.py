"""Warm-up requests."""

import json

import numpy as np
import pytest


def test_warmup_requests_are_what_tensorflow_serving_replays(served):
    import tensorflow as tf

    apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = str(served.folder / "assets.extra" / "tf_serving_warmup_requests")
    logs = [apis.PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(path)]
    assert len(logs) == 2
    requests = [log.predict_log.request for log in logs]
    assert {request.model_spec.signature_name for request in requests} == {"serving_default"}
    inputs = {name: tf.make_ndarray(tensor) for name, tensor in requests[1].inputs.items()}
    assert {len(values) for values in inputs.values()} == {32}
    golden = json.loads((served.folder / "assets.extra" / "golden_requests.json").read_text())
    scores = served.signature("serving_default")(**{name: tf.constant(values) for name, values in inputs.items()})["score"]
    np.testing.assert_allclose(scores, golden["scores"][:32], atol=1e-6)

"""The network in ONNX."""

from pathlib import Path

import numpy as np
import pytest

from features.errors import ConfigError
from tests.pipeline.every_kind import raw_rows, trained_scores


def test_onnx_gives_the_same_scores(job, model, served, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    from pipeline.serving.onnx import to_onnx

    assert to_onnx(model, tmp_path / "model.onnx") <= 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = served.transform(raw_rows(Path(job.data.test[0]), served.spec))
    scores = session.run(["score"], {name: tensor.numpy() for name, tensor in ids.items()})[0]
    np.testing.assert_allclose(scores, trained_scores(job), atol=1e-5)
    one = session.run(["score"], {name: tensor.numpy()[:1] for name, tensor in ids.items()})[0]
    np.testing.assert_allclose(one, scores[:1], atol=1e-6)


def test_without_the_extra_the_error_says_how_to_install_it(model, tmp_path, monkeypatch):
    import sys

    from pipeline.serving.onnx import to_onnx

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"onnxruntime; run `pip install 'winnow\[onnx\]'`"):
        to_onnx(model, tmp_path / "model.onnx")

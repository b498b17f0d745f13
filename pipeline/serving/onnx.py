"""The network in ONNX, for engines other than TensorFlow: ids in, scores out (the transform has no ONNX form)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from features.errors import ConfigError, DataError
from models.serving_model import SCORE
from pipeline.serving.golden_requests import GOLDEN_FILE, GoldenRequests
from pipeline.serving.saved_model import EXTRA, Served
from pipeline.serving.verify import TOLERANCE

OPSET = 18  # of ONNX's operators; engines of 2023 and later know it


def to_onnx(path: str | Path, output: str | Path) -> float:
    """Converts the signature `serving_ids` and compares both engines on the golden requests.

    Args:
      path: the SavedModel, or the model folder around it.
      output: the file to write; inputs and the output `score` are named as in the signature.

    Returns:
      The greatest difference between the engines' scores.

    Raises:
      ConfigError: the extra `onnx` is not installed.
      DataError: the model cannot be loaded, or the engines differ by more than 1e-5.
    """
    # Imported for this command alone: they are an extra, which need not be installed.
    try:
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"ONNX needs the package {error.name}; run `pip install 'winnow[onnx]'`") from None
    served = Served(path)
    model = _converted(served)
    difference = _difference(served, model)
    if not difference <= TOLERANCE:
        raise DataError(f"{path}: ONNX and TensorFlow score golden requests differently, by up to {difference:g}")
    # Renamed when it is whole, as a program may be waiting for the file.
    aside = Path(f"{output}.partial")
    aside.write_bytes(model)
    aside.replace(output)
    return difference


def _converted(served: Served) -> bytes:
    """The signature `serving_ids` as an ONNX file."""
    import tf2onnx

    signature = served.signature("serving_ids")
    specs = list(signature.structured_input_signature[1].values())
    # tf2onnx names inputs after the arguments of a function with an input signature: positional ones.
    function = tf.function(lambda *given: signature(**{s.name: x for s, x in zip(specs, given, strict=True)}))
    model, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET)
    return bytes(model.SerializeToString())


def _difference(served: Served, model: bytes) -> float:
    """The greatest difference between the scores of both engines, over the golden requests."""
    import onnxruntime

    golden = GoldenRequests.load(served.folder / EXTRA / GOLDEN_FILE)
    ids = served.transform(golden.request(served.inputs))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    onnx_scores = session.run([SCORE], {name: tensor.numpy() for name, tensor in ids.items()})[0]
    return float(np.abs(onnx_scores - served.signature("serving_ids")(**ids)[SCORE].numpy()).max())

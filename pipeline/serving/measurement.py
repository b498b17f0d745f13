"""What serving the full and the pruned model costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from features.config import Config
from features.proof import Measured
from models.serving_model import ServingModel
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.transformed import Transformed
from pipeline.serving.saved_model import SAVED_MODEL
from pipeline.serving.serving_model import serving_model
from pipeline.serving.synthetic_requests import as_arguments, make_requests
from pipeline.serving.timing import disk_bytes, latencies

BATCHES = (1, 32, 1000)  # rows a request: one user, a page of candidates, a large batch
TURNS = 40  # in which each model is called once; the median of so many is steady within a few percent


def measure(config: Config, transformed: Transformed, pruned: ServingModel, folder: Path) -> Measured:
    """Median latency of the full and the pruned model, in turns, and bytes on disk of the pruned one.

    Args:
      config: of the run.
      transformed: the transformed folder, with whole vocabularies.
      pruned: the model that was exported.
      folder: that it was exported into.
    """
    widths = FullModel.of(config, transformed).widths
    with tempfile.TemporaryDirectory() as graph:
        models = {"full": serving_model(config, transformed, widths, f"{graph}/transform"), "pruned": pruned}
        latency = _latency(models, transformed)
    return Measured(latency_us=latency, bytes_on_disk={"pruned": sum(disk_bytes(folder / SAVED_MODEL).values())})


def _latency(models: Mapping[str, ServingModel], transformed: Transformed) -> dict[str, dict[str, float]]:
    """Median microseconds a request, by model and by rows a request."""
    signatures = {name: model.signatures()["serving_default"] for name, model in models.items()}
    latency: dict[str, dict[str, float]] = {name: {} for name in models}
    for batch in BATCHES:
        calls = {name: _call(signatures[name], model, transformed, batch) for name, model in models.items()}
        for name, microseconds in latencies(calls, TURNS).items():
            latency[name][str(batch)] = microseconds["p50"]
    return latency


def _call(signature: Callable[..., object], model: ServingModel, transformed: Transformed, rows: int) -> Callable[[], object]:
    request = make_requests(model.inputs, transformed.features, transformed.statistics, rows)
    return partial(signature, **as_arguments(request, model.inputs))

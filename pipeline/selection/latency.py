"""The measured cost model of serving: microseconds a request, by kind of feature and by column."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.optimize import nnls

from features.config import Config
from features.cost import CostModel, shared
from features.errors import ConfigError
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.serving.serving_model import serving_model
from pipeline.serving.synthetic_requests import as_tensors, make_requests
from pipeline.serving.timing import latencies

FILE, SAMPLES, TURNS = "latency.json", 10, 40
Floats = npt.NDArray[np.float64]


def latency_model(config: Config, data: Transformed, folder: str) -> CostModel:
    """The cost model in `latency.json`, measured first where there is none.

    A request of `selection.budget.latency_batch` rows goes through serving models (raw values to scores) of random features at
    random widths, in turns. Their median times are fitted by constants that are not negative: one for the model, one for each
    feature of a kind, one for each column. Sources add theirs, in microseconds too.
    """
    path = files.join(folder, FILE)
    if not files.exists(path):
        if config.training.strategy == "multi_worker":
            raise ConfigError(
                "selection.budget: a latency is measured on one machine; run `winnow select` under training.strategy: "
                "one_device, then `winnow prove` under multi_worker"
            )
        files.write_json(path, _measured(config, data))
    found = files.read_json(path)
    kinds = {feature.name: found["kinds"][feature.serving_operations] for feature in data.features}
    return CostModel(
        "microseconds",
        kinds,
        dict.fromkeys(kinds, found["column"]),
        *shared(data.features, config.selection.sources),
        base=found["base"],
    )


def fitted(rows: Floats, times: Floats) -> Floats:
    """Non-negative coefficients of least relative squared error (non-negative least squares, Lawson and Hanson 1974).

    Args:
      rows: [samples, terms] how often each term occurs.
      times: [samples] positive, in microseconds.

    Returns:
      [terms] microseconds of each term.
    """
    coefficients: Floats = nnls(rows / times[:, None], np.ones(len(times)))[0]
    return coefficients


def _measured(config: Config, data: Transformed) -> dict[str, Any]:
    samples = _samples(config, data)
    say(f"search: measuring the latency of {len(samples)} serving models")
    with tempfile.TemporaryDirectory() as folder:
        calls = {str(n): _call(config, data, widths, Path(folder, str(n))) for n, widths in enumerate(samples)}
        seen = latencies(calls, TURNS)
    times = np.array([seen[name]["p50"] for name in calls])
    kinds = sorted({feature.serving_operations for feature in data.features})
    own = {feature.name: kinds.index(feature.serving_operations) for feature in data.features}
    counts = np.stack([np.bincount([own[name] for name in widths], minlength=len(kinds)) for widths in samples])
    columns = np.array([sum(widths.values()) for widths in samples])
    rows = np.column_stack([np.ones(len(samples)), columns, counts]).astype(np.float64)
    found = fitted(rows, times)
    error = np.abs(rows @ found - times) / times
    say(f"search: latency of a model is foretold within {np.median(error):.0%} in the median, {error.max():.0%} at most")
    return {
        "rows_a_request": config.selection.budget.latency_batch,
        "base": round(float(found[0]), 3),
        "column": round(float(found[1]), 5),
        "kinds": {kind: round(float(value), 3) for kind, value in zip(kinds, found[2:], strict=True)},
        "median_error": round(float(np.median(error)), 4),
        "samples": [{"features": len(w), "columns": sum(w.values()), "us": t} for w, t in zip(samples, times, strict=True)],
    }


def _samples(config: Config, data: Transformed) -> list[dict[str, int]]:
    """Everything at full width and at the narrowest, then random features at random widths."""
    rng = np.random.default_rng(config.selection.seed)
    encodings, allowed = data.encodings, sorted(config.selection.widths)

    def at(encoding: Any, width: int) -> int:
        full = encoding.width(config.model.embedding_width)
        return min(width, full) if encoding.embedded else full

    samples = [{e.name: at(e, width) for e in encodings} for width in (config.model.embedding_width, allowed[0])]
    while len(samples) < SAMPLES:
        size = 1 + int(len(encodings) * (len(samples) - 1) / SAMPLES)
        chosen = sorted(rng.choice(len(encodings), min(size, len(encodings)), replace=False))
        samples.append({encodings[place].name: at(encodings[place], int(rng.choice(allowed))) for place in chosen})
    return samples


def _call(config: Config, data: Transformed, widths: Mapping[str, int], graph: Path) -> Callable[[], Any]:
    model = serving_model(config, data, widths, str(graph))
    rows = config.selection.budget.latency_batch
    request = as_tensors(make_requests(model.inputs, data.features, data.statistics, rows), model.inputs)
    scored = tf.function(model.score)
    return partial(scored, request)

"""The measured cost model of serving: microseconds a request, by kind of feature and by column."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.optimize import nnls

from features.config import Config
from features.cost import CostModel, shared
from features.encoding import Encoding
from features.errors import ConfigError
from features.path import LatencyFit, LatencySample
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import say
from pipeline.serving.serving_model import serving_model
from pipeline.serving.synthetic_requests import as_tensors, make_requests
from pipeline.serving.timing import latencies

Floats = npt.NDArray[np.float64]
_FILE = "latency.json"
# Serving models that are timed: twice as many as there are constants for features of three kinds, at some seconds each.
_SAMPLES = 10
_TURNS = 40  # in which each model is called once; the median of so many is steady within a few percent


def latency_model(config: Config, transformed: Transformed, folder: str) -> CostModel:
    """The cost model in `latency.json`, measured first where there is none.

    A request of `selection.budget.latency_batch` rows goes through serving models (raw values to scores) of random features at
    random widths, in turns. Their median times are fitted by constants that are not negative: one for the model, one for each
    feature of a kind, one for each column. Sources add theirs, in microseconds too.

    Raises:
      ConfigError: it is not measured yet, and several machines would.
    """
    path = files.join(folder, _FILE)
    if not files.exists(path):
        if config.training.strategy == "multi_worker":
            raise ConfigError(
                "selection.budget: a latency is measured on one machine; run `winnow select` under training.strategy: "
                "one_device, then `winnow prove` under multi_worker"
            )
        files.write_document(path, _measured(config, transformed))
    fit = files.read_document(LatencyFit, path)
    # Features of one kind take the same operations in serving, and are priced alike.
    kinds = {feature.name: fit.kinds[feature.serving_operations] for feature in transformed.features}
    return CostModel(
        "microseconds",
        kinds,
        dict.fromkeys(kinds, fit.column),
        *shared(transformed.features, config.selection.sources),
        base=fit.base,
    )


def fitted(rows: Floats, times: Floats) -> Floats:
    """Non-negative coefficients of least relative squared error (non-negative least squares, Lawson and Hanson 1974).

    Args:
      rows: [samples, terms] how often each term occurs.
      times: [samples] positive, in microseconds.

    Returns:
      [terms] microseconds of each term.
    """
    # Relative errors: a small model's microseconds count as much as a large one's.
    coefficients: Floats = nnls(rows / times[:, None], np.ones(len(times)))[0]
    return coefficients


def _measured(config: Config, transformed: Transformed) -> LatencyFit:
    samples = _samples(config, transformed.encodings)
    say(f"search: measuring the latency of {len(samples)} serving models")
    times = _times(config, transformed, samples)
    kinds = sorted({feature.serving_operations for feature in transformed.features})
    terms = _terms(samples, {feature.name: kinds.index(feature.serving_operations) for feature in transformed.features})
    base, column, *of_kinds = coefficients = fitted(terms, times)
    error = np.abs(terms @ coefficients - times) / times
    say(f"search: latency of a model is predicted within {np.median(error):.0%} in the median, {error.max():.0%} at most")
    return LatencyFit(
        rows_a_request=config.selection.budget.latency_batch,
        base=round(float(base), 3),
        column=round(float(column), 5),
        kinds={kind: round(float(value), 3) for kind, value in zip(kinds, of_kinds, strict=True)},
        median_error=round(float(np.median(error)), 4),
        samples=[
            LatencySample(features=len(widths), columns=sum(widths.values()), us=float(us))
            for widths, us in zip(samples, times, strict=True)
        ],
    )


def _times(config: Config, transformed: Transformed, samples: Sequence[Mapping[str, int]]) -> Floats:
    """[samples] the median microseconds of a request to a serving model of each."""
    with tempfile.TemporaryDirectory() as folder:
        calls = {str(n): _call(config, transformed, widths, Path(folder, str(n))) for n, widths in enumerate(samples)}
        spent = latencies(calls, _TURNS)
    # The median: a request that had to wait for another process tells nothing of the model.
    return np.array([spent[name]["p50"] for name in calls])


def _terms(samples: Sequence[Mapping[str, int]], kind_by_name: Mapping[str, int]) -> Floats:
    """[samples, 2 + kinds] what a request's time is made of: the model once, its columns, its features of each kind."""
    kinds = max(kind_by_name.values()) + 1
    counts = [np.bincount([kind_by_name[name] for name in widths], minlength=kinds) for widths in samples]
    columns = [sum(widths.values()) for widths in samples]
    return np.column_stack([np.ones(len(samples)), columns, np.stack(counts)]).astype(np.float64)


def _samples(config: Config, encodings: Sequence[Encoding]) -> list[dict[str, int]]:
    """Everything at full width and at the narrowest, then random features at random widths."""
    rng = np.random.default_rng(config.selection.seed)
    allowed, widest = sorted(config.selection.widths), config.model.embedding_width

    def at(encoding: Encoding, width: int) -> int:
        full = encoding.width(widest)
        return min(width, full) if encoding.embedded else full

    samples = [{encoding.name: at(encoding, width) for encoding in encodings} for width in (widest, allowed[0])]
    while len(samples) < _SAMPLES:
        # Sets of every size between a single feature and all of them, so that columns and features are told apart.
        size = 1 + int(len(encodings) * (len(samples) - 1) / _SAMPLES)
        chosen = sorted(rng.choice(len(encodings), min(size, len(encodings)), replace=False))
        samples.append({encodings[n].name: at(encodings[n], int(rng.choice(allowed))) for n in chosen})
    return samples


def _call(config: Config, transformed: Transformed, widths: Mapping[str, int], graph: Path) -> Callable[[], Any]:
    """A call of a serving model of these features with a request of the budget's number of rows."""
    model = serving_model(config, transformed, widths, str(graph))
    rows = config.selection.budget.latency_batch
    requests = make_requests(model.inputs, transformed.features, transformed.statistics, rows)
    return partial(tf.function(model.score), as_tensors(requests, model.inputs))

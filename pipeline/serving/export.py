"""Export: the feature spec, the schema, the pruned transform graph, and the SavedModel that asks for the kept inputs only."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

from features.allocation import Allocation
from features.config import Config
from features.encoding import full_widths
from features.feature import Feature
from features.inputs import Input, argument_names
from features.numbers import Numeric
from features.schema import schema_of
from features.spec import FILE, SCHEMA_FILE, VOCABULARY_FOLDER, FeatureSpec, KeptFeature, RawInput, Vocabulary, sha256
from features.statistics import Statistics
from models.serving_model import SCORE, ServingModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.versions import versions
from pipeline.runtime.workspace import Workspace
from pipeline.serving.golden_requests import GOLDEN_FILE, WARMUP_FILE, as_tensors, make_requests, write_golden, write_warmup
from pipeline.serving.saved_model import EXTRA, SAVED_MODEL
from pipeline.serving.serving_model import columns_of, serving_model
from pipeline.serving.timing import disk_bytes, latencies

_PACKAGES = ("winnow", "tensorflow", "tensorflow-transform", "tensorflow-recommenders", "apache-beam", "pyarrow")
_BATCHES = (1, 32, 1000)
_GOLDEN_ROWS = 64


def export(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes `feature_spec.json`, `schema.pbtxt`, `vocabulary/`, `transform/`, `saved_model/` and `measured.json`.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.
    """
    data, proof = Transformed(workspace.folder("preprocess")), workspace.folder("prove")
    path = files.read_json(files.join(workspace.folder("search"), "path.json"))
    selection = files.read_json(files.join(workspace.folder("select"), "selection.json"))
    target = Path(folder)
    kept = Allocation.of(selection["kept"], data.encodings)
    whole, data = data, data.cut(kept.rows)
    spec = _spec(config, data, path, selection, files.read_json(files.join(proof, "proof.json")), target)
    spec.save(target)
    (target / SCHEMA_FILE).write_text(text_format.MessageToString(schema_of(spec)))
    weights = files.join(proof, "weights", "pruned")
    vocabularies = str(target / VOCABULARY_FOLDER)
    pruned = serving_model(config, data, kept.widths, str(target / "transform"), vocabularies, weights)
    _save(pruned, data, target)
    files.write_json(files.join(folder, "measured.json"), _measure(config, whole, pruned, target))


def _save(pruned: ServingModel, data: Transformed, target: Path) -> None:
    """The SavedModel, with the spec, golden requests and warm-up requests in `assets.extra`."""
    signatures = pruned.signatures()
    tf.saved_model.save(pruned, str(target / SAVED_MODEL), signatures=signatures)
    extra = target / SAVED_MODEL / EXTRA
    extra.mkdir(exist_ok=True)
    shutil.copy(target / FILE, extra)
    inputs = pruned.inputs
    request = make_requests(inputs, data.features, data.statistics, _GOLDEN_ROWS, missing=0.1, unseen=0.1)
    names = argument_names([column.name for column in inputs])
    tensors = {names[name]: tensor for name, tensor in as_tensors(request, inputs).items()}
    write_golden(extra / GOLDEN_FILE, request, signatures["serving_default"](**tensors)[SCORE].numpy())
    write_warmup(extra / WARMUP_FILE, request, inputs, [batch for batch in _BATCHES if batch <= _GOLDEN_ROWS])


def _spec(
    config: Config,
    data: Transformed,
    path: Mapping[str, Any],
    selection: Mapping[str, Any],
    proof: Mapping[str, Any],
    target: Path,
) -> FeatureSpec:
    statistics, features = data.statistics, {feature.name: feature for feature in data.features}
    (target / VOCABULARY_FOLDER).mkdir(exist_ok=True)
    gains = _gains(path["picks"])
    kept = [_kept(features[c["feature"]], data, statistics[c["feature"]], c, gains, target) for c in selection["kept"]]
    columns = columns_of([features[entry.name] for entry in kept], data.inputs)
    arguments = argument_names([column.name for column in columns])
    optional = config.serving.left_out(list(arguments))
    return FeatureSpec(
        name=config.name,
        label=config.data.label,
        budget=selection["budget"],
        allocator=selection["allocator"],
        bytes=selection["bytes"],
        full_bytes=selection["full_bytes"],
        kept=kept,
        dropped=[
            {"name": entry["feature"], "inputs": features[entry["feature"]].inputs, "reason": entry["reason"]}
            for entry in selection["dropped"]
        ],
        inputs=[
            _raw_input(column, arguments[column.name], features, statistics, target, column.name in optional)
            for column in columns
        ],
        source=config.data.model_dump(include={"format", "columns", "header", "delimiter", "quoted", "encoding", "missing"}),
        path=path["picks"],
        proof=dict(proof),
        provenance={
            "config": fingerprint(config.model_dump(exclude={"work_dir": True, "data": {"train", "validation", "test"}})),
            "data": fingerprint(data.manifest.model_dump(mode="json")["splits"]),
            "seed": config.selection.seed,
            "versions": versions(_PACKAGES),
        },
    )


def _kept(
    feature: Feature,
    data: Transformed,
    statistics: Statistics,
    chosen: Mapping[str, Any],
    gains: Mapping[str, float],
    target: Path,
) -> KeptFeature:
    encoding = data.subset([feature.name])[0]
    vocabulary = None
    if feature.has_vocabulary:
        file = f"{VOCABULARY_FOLDER}/{feature.name}.txt"
        data.write_vocabulary(feature, str(target / file))
        vocabulary = Vocabulary(file=file, size=statistics.vocabulary_size, sha256=sha256(target / file))
    return KeptFeature(
        name=feature.name,
        kind=feature.kind,
        inputs=feature.inputs,
        transform=feature.transform(),
        width=chosen["width"],
        rows=encoding.rows,
        length=encoding.length,
        vocabulary=vocabulary,
        constants={name: getattr(statistics, name) for name in feature.constants},
        bytes=chosen["bytes"],
        round=chosen["round"],
        attention=chosen["attention"],
        gain=gains.get(feature.name),
    )


def _gains(picks: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What each feature's picks added to the validation AUC, from .5 on."""
    gains: dict[str, float] = {}
    before = 0.5
    for pick in picks:
        if pick.get("estimate"):
            gains[pick["feature"]] = round(gains.get(pick["feature"], 0.0) + pick["estimate"]["auc"] - before, 6)
            before = pick["estimate"]["auc"]
    return gains


def _raw_input(
    column: Input,
    argument: str,
    features: Mapping[str, Feature],
    statistics: Mapping[str, Statistics],
    target: Path,
    optional: bool,
) -> RawInput:
    low, high = _domain(column, features.get(column.name), statistics, target)
    missing = None if isinstance(column.missing, float) else column.missing  # NaN is no JSON
    return RawInput(
        name=column.name,
        argument=argument,
        dtype=column.dtype,
        length=column.length,
        missing=missing,
        optional=optional,
        minimum=low,
        maximum=high,
    )


def _domain(
    column: Input, feature: Feature | None, statistics: Mapping[str, Statistics], target: Path
) -> tuple[float | None, float | None]:
    """Least and greatest known value of a column of numbers."""
    found = statistics.get(column.name)
    if feature is None or found is None:
        return None, None
    if column.dtype == "int64" and feature.has_vocabulary and found.vocabulary_size:
        tokens = np.array(Path(target, VOCABULARY_FOLDER, f"{feature.name}.txt").read_text().split(), np.int64)
        return int(tokens.min()), int(tokens.max())
    # Those of `value` features were taken after clip and log1p.
    raw = isinstance(feature, Numeric) and feature.encoding != "value"
    if raw and all(value is not None and math.isfinite(value) for value in (found.minimum, found.maximum)):
        return found.minimum, found.maximum
    return None, None


def _measure(config: Config, data: Transformed, pruned: ServingModel, target: Path) -> dict[str, Any]:
    """Median latency of the full and the pruned model, alternating, and bytes on disk of the pruned one."""
    widths = full_widths(data.encodings, config.model.embedding_width)
    graph = target / "full_transform"
    models = {"full": serving_model(config, data, widths, str(graph)), "pruned": pruned}
    signatures = {name: model.signatures()["serving_default"] for name, model in models.items()}
    latency: dict[str, dict[str, float]] = {name: {} for name in models}
    for batch in _BATCHES:
        calls = {}
        for name, model in models.items():
            arguments = argument_names([column.name for column in model.inputs])
            request = as_tensors(make_requests(model.inputs, data.features, data.statistics, batch), model.inputs)
            named = {arguments[column]: tensor for column, tensor in request.items()}
            calls[name] = lambda function=signatures[name], named=named: function(**named)
        for name, found in latencies(calls, 40).items():
            latency[name][str(batch)] = found["p50"]
    shutil.rmtree(graph)
    return {"latency_us": latency, "bytes_on_disk": {"pruned": sum(disk_bytes(target / SAVED_MODEL).values())}}

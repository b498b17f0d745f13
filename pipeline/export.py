"""Export: the feature spec, the schema, the pruned transform graph, and the SavedModel that asks for the kept inputs only."""

from __future__ import annotations

import importlib.metadata
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

from features.config import Config, Feature
from features.encoding import Encoding
from features.inputs import Input
from features.spec import FILE, SCHEMA_FILE, VOCABULARY_FOLDER, FeatureSpec, kept_feature, raw_input
from features.statistics import load_statistics
from features.transform import write_graph
from models.ranking import RankingModel
from models.serving import ServingModel
from models.training import example_inputs
from pipeline import files
from pipeline.dataset import Transformed
from pipeline.stage import fingerprint, recorded

SAVED_MODEL = "saved_model"
_PACKAGES = ("winnow", "tensorflow", "tensorflow-transform", "tensorflow-recommenders", "apache-beam", "pyarrow")
_BATCHES = (1, 32, 1000)


def export(
    config: Config, data: Transformed, path: Mapping[str, Any], selection: Mapping[str, Any], proof: str, folder: str
) -> None:
    """Writes `feature_spec.json`, `schema.pbtxt`, `vocabulary/`, `transform/`, `saved_model/` and `measured.json`.

    Args:
      config: of the run.
      data: the transformed folder.
      path: `path.json`.
      selection: `selection.json`.
      proof: folder of `proof.json` and the weights.
      folder: to write into.
    """
    target = Path(folder)
    names = [kept["feature"] for kept in selection["kept"]]
    widths = {kept["feature"]: kept["width"] for kept in selection["kept"]}
    spec = _spec(config, data, path, selection, files.read_json(files.join(proof, "proof.json")), target)
    (target / FILE).write_text(spec.to_json())
    (target / SCHEMA_FILE).write_text(text_format.MessageToString(spec.to_schema()))
    pruned = serving_model(config, data, names, widths, str(target / "transform"))
    checkpoint = tf.train.Checkpoint(model=pruned.model)
    checkpoint.read(files.join(proof, "weights", "pruned")).assert_existing_objects_matched().expect_partial()
    tf.saved_model.save(pruned, str(target / SAVED_MODEL), signatures=pruned.signatures())
    extra = target / SAVED_MODEL / "assets.extra"
    extra.mkdir(exist_ok=True)
    shutil.copy(target / FILE, extra)
    files.write_json(files.join(folder, "measured.json"), _measure(config, data, pruned, target))


def serving_model(
    config: Config, data: Transformed, names: Sequence[str], widths: Mapping[str, int], graph: str
) -> ServingModel:
    """An untrained serving model of some features, with a transform graph that holds nothing of the others."""
    chosen = [feature for feature in data.features if feature.name in set(names)]
    columns = _columns(chosen, data.inputs)
    statistics = load_statistics(Path(data.folder, "statistics.json"))
    write_graph(chosen, columns, statistics, files.join(data.folder, "vocabulary"), graph)
    encodings = data.subset(names)
    model = RankingModel(encodings, widths, config.model)
    model(example_inputs(encodings))
    return ServingModel(tf.saved_model.load(f"{graph}/transform_fn"), model, encodings, columns)


def random_requests(columns: Sequence[Input], rows: int, data: Transformed) -> dict[str, tf.Tensor]:
    """Raw requests of frequent values, for measuring."""
    rng = np.random.default_rng(0)
    statistics = load_statistics(Path(data.folder, "statistics.json"))
    requests = {}
    for column in columns:
        known = [value for value, _ in statistics[column.name].top] if column.name in statistics else []
        shape = [rows] if column.length is None else [rows, column.length]
        drawn = rng.choice(np.array(known or [str(column.missing)], dtype=object), shape)
        dtype = {"string": object, "int64": np.int64, "float32": np.float32}[column.dtype]
        requests[column.name] = tf.constant(drawn.astype(dtype), column.dtype)
    return requests


def _spec(
    config: Config,
    data: Transformed,
    path: Mapping[str, Any],
    selection: Mapping[str, Any],
    proof: Mapping[str, Any],
    target: Path,
) -> FeatureSpec:
    statistics = load_statistics(Path(data.folder, "statistics.json"))
    features = {feature.name: feature for feature in data.features}
    encodings: dict[str, Encoding] = {encoding.name: encoding for encoding in data.encodings}
    (target / VOCABULARY_FOLDER).mkdir(exist_ok=True)
    kept = []
    for chosen in selection["kept"]:
        feature = features[chosen["feature"]]
        if feature.has_vocabulary:
            source = Path(data.folder, "vocabulary", f"{feature.name}.txt")
            shutil.copy(source, target / VOCABULARY_FOLDER)
        entry = kept_feature(feature, encodings[feature.name], statistics[feature.name], chosen, target / VOCABULARY_FOLDER)
        kept.append(entry)
    columns = _columns([features[entry.name] for entry in kept], data.inputs)
    return FeatureSpec(
        name=config.name,
        label=config.data.label,
        budget=selection["budget"],
        allocator=selection["allocator"],
        bytes=selection["bytes"],
        full_bytes=selection["full_bytes"],
        kept=kept,
        dropped=[{"name": entry["feature"], "reason": entry["reason"]} for entry in selection["dropped"]],
        inputs=[raw_input(column) for column in columns],
        path=path["picks"],
        proof=dict(proof),
        provenance={
            "config": fingerprint(config.model_dump(mode="json", exclude={"work_dir"})),
            "data": recorded(data.folder),
            "seed": config.selection.seed,
            "versions": {name: _version(name) for name in _PACKAGES},
        },
    )


def _columns(features: Sequence[Feature], inputs: Sequence[Input]) -> list[Input]:
    read = {column for feature in features for column in feature.inputs}
    return [column for column in inputs if column.name in read]


def _measure(config: Config, data: Transformed, pruned: ServingModel, target: Path) -> dict[str, Any]:
    """Median latency of the full and the pruned model, alternating, and bytes on disk of the pruned one."""
    widths = {encoding.name: encoding.width(config.model.embedding_width) for encoding in data.encodings}
    graph = target / "full_transform"
    full = serving_model(config, data, list(widths), widths, str(graph))
    models = {"full": full, "pruned": pruned}
    calls = {name: model.signatures()["serving_default"] for name, model in models.items()}
    latency: dict[str, dict[str, float]] = {name: {} for name in models}
    for batch in _BATCHES:
        requests = {name: random_requests(model._inputs, batch, data) for name, model in models.items()}
        times = _alternate({name: _caller(calls[name], requests[name]) for name in models}, 40)
        for name, values in times.items():
            latency[name][str(batch)] = round(float(np.median(values)) * 1e6, 1)
    shutil.rmtree(graph)
    size = sum(file.stat().st_size for file in (target / SAVED_MODEL).rglob("*") if file.is_file())
    return {"latency_us": latency, "bytes_on_disk": {"pruned": size}}


def _caller(function: Any, request: dict[str, tf.Tensor]) -> Callable[[], Any]:
    return lambda: function(**request)


def _alternate(calls: Mapping[str, Callable[[], Any]], times: int) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(times + 5):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn >= 5:
                spent[name].append(time.perf_counter() - started)
    return spent


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"

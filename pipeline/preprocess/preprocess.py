"""Preprocessing on Beam: raw files to Parquet of ids and floats, with the TFT graph that made them.

Two parallel passes, no shuffle of rows: the first parses and counts each shard, and its merged counts give vocabularies,
statistics and the graph; the second puts the parsed rows through the graph. What an interrupted run has finished is kept.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet

from features.encoding import Encoding
from features.errors import DataError
from features.feature import Feature
from features.statistics import Statistics
from pipeline.preprocess.count import count, tally
from pipeline.preprocess.parse import Parsed
from pipeline.preprocess.resolved_config import Job
from pipeline.preprocess.split import SPLITS
from pipeline.preprocess.transform import Part, TransformPart, plan_parts
from pipeline.runtime import files
from pipeline.runtime.beam import check_reach, run_beam
from pipeline.runtime.beam_progress import follow
from pipeline.runtime.console import say
from pipeline.runtime.tensorflow_import import loading_tensorflow


def preprocess(job: Job, folder: str, beam_args: Sequence[str] = ()) -> None:
    """Makes the transformed folder.

    Args:
      job: what to do.
      folder: receives `train/`, `validation/`, `test/`, `vocabulary/`, `statistics.json`, `transform/` (TFT output),
        `features.json` (inputs, features, encodings), `rejected/` and `manifest.json` (files, rows, checksums, rejects).
      beam_args: Beam pipeline options, such as `--runner=DataflowRunner`; FnApiRunner in this process without them.

    Raises:
      ConfigError: the runner's options are wrong, or its workers cannot reach a file.
      DataError: the data cannot be used; names file and column.
    """
    data = job.config.data
    check_reach(beam_args, [folder, *(file.path for listed in job.listed.values() for file in listed)])
    spans = files.join(job.config.work_dir, "spans") if data.incremental else files.join(folder, "parsed")
    files.make_folder(spans)
    with loading_tensorflow():  # which counting does without
        parsed = count(job, folder, spans, beam_args)
    statistics = _statistics(folder)
    graph = files.join(folder, "transform")
    if not files.exists(graph):
        _write_graph(job, statistics, folder, graph)
    parts = plan_parts(parsed, folder)
    _transform(job, parts, folder, graph, beam_args)
    _write_features(job, statistics, folder)
    _write_manifest(parts, parsed, folder)
    _clean(job, parsed, folder, spans)


def _statistics(folder: str) -> dict[str, Statistics]:
    document = files.read_json(files.join(folder, "statistics.json"))
    return {values["name"]: Statistics.from_dict(values) for values in document["features"]}


def _write_graph(job: Job, statistics: dict[str, Statistics], folder: str, graph: str) -> None:
    from features.graph import write_graph

    with files.local(files.join(folder, "vocabulary")) as vocabularies, tempfile.TemporaryDirectory() as scratch:
        made = f"{graph}.partial" if files.is_local(graph) else files.join(scratch, "transform")
        files.remove(made)
        write_graph(job.features, job.inputs, statistics, vocabularies, made)
        files.upload(made, graph)


def _transform(job: Job, parts: Sequence[Part], folder: str, graph: str, beam_args: Sequence[str]) -> None:
    for split in SPLITS:
        files.make_folder(files.join(folder, split))
    say(f"preprocess: transforming {sum(part.rows for part in parts):,} rows")
    with follow("preprocess: transforming, rows", {part.path: part.rows for part in parts}, rows=True):
        run_beam(
            lambda root: (
                root
                | "Parts" >> beam.Create(list(parts), reshuffle=True)
                | "Transform" >> beam.ParDo(TransformPart(job.config.data, job.features, job.inputs, graph))
            ),
            beam_args,
        )


def _write_features(job: Job, statistics: dict[str, Statistics], folder: str) -> None:
    encodings = [Encoding.of(f, _vocabulary_size(f, statistics[f.name])) for f in job.features]
    document = {
        "label": job.config.data.label,
        "weight": job.config.data.weight,
        "inputs": [column.to_dict() for column in job.inputs],
        "features": [feature.model_dump(exclude_defaults=True) for feature in job.features],
        "encodings": [encoding.to_dict() for encoding in encodings],
    }
    files.write_json(files.join(folder, "features.json"), document)


def _vocabulary_size(feature: Feature, statistics: Statistics) -> int:
    from features.graph import LOG_SQUARE_BUCKETS

    if feature.kind == "dense":
        return statistics.length or 0
    if feature.kind == "numeric":
        sizes = {"buckets": len(statistics.boundaries) + 1, "log_square": LOG_SQUARE_BUCKETS, "value": 2}
        return sizes[feature.encoding]
    return statistics.vocabulary_size


def _write_manifest(parts: Sequence[Part], parsed: Sequence[Parsed], folder: str) -> None:
    splits: dict[str, Any] = {split: {"rows": 0, "files": []} for split in SPLITS}
    for part in parts:
        with files.open_file(part.path) as source:
            rows = pa.parquet.read_metadata(pa.PythonFile(source, "r")).num_rows
            source.seek(0)
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if rows != part.rows:
            raise DataError(f"{part.path}: has {rows} rows, not {part.rows}; run `winnow preprocess --force`")
        splits[part.split]["rows"] += rows
        splits[part.split]["files"].append(
            {"file": f"{part.split}/{part.path.rsplit('/', 1)[-1]}", "rows": rows, "sha256": digest}
        )
    files.write_json(files.join(folder, "manifest.json"), {"splits": splits, "rejected": vars(tally(parsed))})


def _clean(job: Job, parsed: Sequence[Parsed], folder: str, spans: str) -> None:
    """Leaves nothing but the output and, for days to come, the parsed shards that still have their raw file."""
    if job.config.data.incremental:
        known = files.join(spans, "known")
        files.make_folder(known)
        for name in ("vocabulary", "statistics"):
            for source in files.list_names(files.join(folder, name), ""):
                files.copy(source, files.join(known, source.rsplit("/", 1)[-1]))
        kept = {known, *(shard.base for shard in parsed)}
        for path in files.list_names(spans, ""):
            if files.join(spans, path.rsplit("/", 1)[-1].split(".")[0]) not in kept:
                files.remove(path)
    else:
        files.remove(spans)
    files.remove(files.join(folder, "statistics"))
    for split in SPLITS:
        for path in files.list_names(files.join(folder, split), ".partial"):
            files.remove(path)


__all__ = ["Job", "preprocess", "run_beam"]

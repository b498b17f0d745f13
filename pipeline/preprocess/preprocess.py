"""Preprocessing on Beam: raw files to Parquet of ids and floats, with the TFT graph that made them.

Two parallel passes, no shuffle of rows: the first parses and counts each shard, and its merged counts give vocabularies,
statistics and the graph; the second puts the parsed rows through the graph. What an interrupted run has finished is kept.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet

from features.errors import DataError
from features.manifest import Manifest, PartFile, ResolvedFeatures, SplitFiles
from features.statistics import Statistics
from pipeline.dataset.transformed import Transformed
from pipeline.preprocess.count import count, statistics_folder, tally
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
    transformed = Transformed(folder)
    with loading_tensorflow():  # which counting does without
        parsed = count(job, transformed, spans, beam_args)
    statistics = transformed.statistics
    if not files.exists(transformed.graph):
        _write_graph(job, statistics, transformed)
    parts = plan_parts(parsed, folder)
    _transform(job, parts, transformed, beam_args)
    files.write_document(transformed.features_file, _resolved_features(job, statistics))
    files.write_document(transformed.manifest_file, _manifest(parts, parsed))
    _clean(job, parsed, transformed, spans)


def _write_graph(job: Job, statistics: dict[str, Statistics], transformed: Transformed) -> None:
    from features.graph import write_graph

    graph = transformed.graph
    with files.local(transformed.vocabularies) as vocabularies, tempfile.TemporaryDirectory() as scratch:
        unfinished = f"{graph}.partial" if files.is_local(graph) else files.join(scratch, "transform")
        files.remove(unfinished)
        write_graph(job.features, job.inputs, statistics, vocabularies, unfinished)
        files.upload(unfinished, graph)


def _transform(job: Job, parts: Sequence[Part], transformed: Transformed, beam_args: Sequence[str]) -> None:
    for split in SPLITS:
        files.make_folder(files.join(transformed.folder, split))
    say(f"preprocess: transforming {sum(part.rows for part in parts):,} rows")
    with follow("preprocess: transforming, rows", {part.path: part.rows for part in parts}, rows=True):
        run_beam(
            lambda root: (
                root
                | "Parts" >> beam.Create(list(parts), reshuffle=True)
                | "Transform" >> beam.ParDo(TransformPart(job.config.data, job.features, job.inputs, transformed.graph))
            ),
            beam_args,
        )


def _resolved_features(job: Job, statistics: dict[str, Statistics]) -> ResolvedFeatures:
    return ResolvedFeatures(
        label=job.config.data.label,
        weight=job.config.data.weight,
        inputs=job.inputs,
        features=job.features,
        encodings=[feature.encoding_of(statistics[feature.name]) for feature in job.features],
    )


def _manifest(parts: Sequence[Part], parsed: Sequence[Parsed]) -> Manifest:
    by_split: dict[str, list[PartFile]] = {split: [] for split in SPLITS}
    for part in parts:
        by_split[part.split].append(_part_file(part))
    splits = {split: SplitFiles(rows=sum(file.rows for file in listed), files=listed) for split, listed in by_split.items()}
    return Manifest(splits=splits, rejected=tally(parsed).counts())


def _part_file(part: Part) -> PartFile:
    """The file's entry in the manifest, from a look at the file.

    Raises:
      DataError: it has not the rows that were sent to it.
    """
    with files.open_file(part.path) as source:
        rows = pa.parquet.read_metadata(pa.PythonFile(source, "r")).num_rows
        source.seek(0)
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if rows != part.rows:
        raise DataError(f"{part.path}: has {rows} rows, not {part.rows}; run `winnow preprocess --force`")
    return PartFile(file=f"{part.split}/{part.path.rsplit('/', 1)[-1]}", rows=rows, sha256=digest)


def _clean(job: Job, parsed: Sequence[Parsed], transformed: Transformed, spans: str) -> None:
    """Leaves nothing but the output and, for days to come, the parsed shards that still have their raw file."""
    statistics = statistics_folder(transformed)
    if job.config.data.incremental:
        known = files.join(spans, "known")
        files.make_folder(known)
        for folder in (transformed.vocabularies, statistics):
            for source in files.list_names(folder, ""):
                files.copy(source, files.join(known, source.rsplit("/", 1)[-1]))
        kept = {known, *(shard.base for shard in parsed)}
        for path in files.list_names(spans, ""):
            if files.join(spans, path.rsplit("/", 1)[-1].split(".")[0]) not in kept:
                files.remove(path)
    else:
        files.remove(spans)
    files.remove(statistics)
    for split in SPLITS:
        for path in files.list_names(files.join(transformed.folder, split), ".partial"):
            files.remove(path)


__all__ = ["Job", "preprocess", "run_beam"]

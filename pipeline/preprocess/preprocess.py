"""Preprocessing on Beam: raw files to Parquet of ids and floats, with the TFT graph that made them.

Two parallel passes, no shuffle of rows: the first parses and counts each shard, and its merged counts give vocabularies,
statistics and the graph; the second puts the parsed rows through the graph. What an interrupted run has finished is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam

from features.manifest import Manifest, PartFile, RawFileRows, ResolvedFeatures, SplitFiles
from features.names import vocabulary_files
from pipeline.dataset.transformed import Transformed
from pipeline.preprocess.count import count, tally
from pipeline.preprocess.folders import Folders
from pipeline.preprocess.output_file import OutputFile, plan_output
from pipeline.preprocess.parsed_shard import ParsedShard
from pipeline.preprocess.raw_rows import raw_file_rows
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split import SPLITS
from pipeline.preprocess.split_counts import add_counts
from pipeline.preprocess.transform import TransformRows
from pipeline.runtime import files
from pipeline.runtime.beam import check_reach, run_beam
from pipeline.runtime.beam_progress import follow
from pipeline.runtime.console import say
from pipeline.runtime.tensorflow_import import loading_tensorflow

# Threads that read one small document a file. In a bucket each read is mostly waiting, so they are more than the cores.
_READERS = 16


def preprocess(resolved: ResolvedConfig, folder: str, beam_args: Sequence[str] = ()) -> None:
    """Makes the transformed folder.

    Args:
      resolved: the config, bound to its data.
      folder: receives `train/`, `validation/`, `test/`, `vocabulary/`, `statistics.json`, `transform/` (TFT output),
        `features.json` (inputs, features, encodings), `rejected/` and `manifest.json` (files, rows, checksums, rejects).
      beam_args: Beam pipeline options, such as `--runner=DataflowRunner`; FnApiRunner in this process without them.

    Raises:
      ConfigError: the runner's options are wrong, or its workers cannot reach a file.
      DataError: the data cannot be used; names file and column.
    """
    check_reach(beam_args, [folder, *(file.path for file in resolved.files)])
    folders = Folders.of(folder, resolved.config.work_dir, resolved.data.incremental)
    # The manifest is written last: where it is there, only cleaning up was interrupted.
    if not files.exists(folders.output.manifest_file):
        _make(resolved, folders, beam_args)
    _clean(folders)


def _make(resolved: ResolvedConfig, folders: Folders, beam_args: Sequence[str]) -> None:
    folders.make()
    # TensorFlow takes seconds to import, and counting does without it: it is imported in the background meanwhile.
    with loading_tensorflow():
        parsed = count(resolved, folders, beam_args)
    raw_files = raw_file_rows(resolved, [shard.record for shard in parsed])
    if not files.exists(folders.output.graph):
        _write_graph(resolved, folders.output)
    planned = plan_output(parsed, folders)
    _transform(resolved, planned, folders.output, beam_args)
    files.write_document(folders.output.features_file, _resolved_features(resolved, folders.output))
    # Before the manifest: were the run to end between the two, the next one would find its work finished and keep nothing.
    if folders.kept:
        _keep_for_later(folders, parsed)
    files.write_document(folders.output.manifest_file, _manifest(planned, raw_files, parsed))


def _write_graph(resolved: ResolvedConfig, output: Transformed) -> None:
    from features.graph import write_graph  # here and not above: counting does without TensorFlow

    graph = output.graph
    with files.local(output.vocabularies) as vocabularies, tempfile.TemporaryDirectory() as scratch:
        # Written to a local folder: beside the graph, to be renamed, or in a scratch folder, to be uploaded.
        unfinished = f"{graph}.partial" if files.is_local(graph) else files.join(scratch, "transform")
        files.remove(unfinished)
        by_name = vocabulary_files([feature.name for feature in resolved.features], vocabularies)
        write_graph(resolved.features, resolved.inputs, output.statistics, by_name, unfinished, resolved.data.missing)
        files.upload(unfinished, graph)


def _transform(resolved: ResolvedConfig, planned: Sequence[OutputFile], output: Transformed, beam_args: Sequence[str]) -> None:
    say(f"preprocess: transforming {sum(file.rows for file in planned):,} rows")
    transform = TransformRows(resolved.data, resolved.features, resolved.inputs, output.graph)
    with follow("preprocess: transforming, rows", {file.path: file.rows for file in planned}, rows=True):
        run_beam(
            lambda root: root | "Files" >> beam.Create(list(planned), reshuffle=True) | "Transform" >> beam.ParDo(transform),
            beam_args,
        )


def _resolved_features(resolved: ResolvedConfig, output: Transformed) -> ResolvedFeatures:
    statistics = output.statistics
    return ResolvedFeatures(
        label=resolved.data.label,
        weight=resolved.data.weight,
        inputs=resolved.inputs,
        features=resolved.features,
        encodings=[feature.encoding_of(statistics[feature.name]) for feature in resolved.features],
    )


def _manifest(planned: Sequence[OutputFile], raw_files: list[RawFileRows], parsed: Sequence[ParsedShard]) -> Manifest:
    """The files as their workers have noted them."""
    with ThreadPoolExecutor(_READERS) as pool:
        noted = list(pool.map(lambda file: files.read_document(PartFile, file.note), planned))
    by_split: dict[str, list[PartFile]] = {split: [] for split in SPLITS}
    for file, part in zip(planned, noted, strict=True):
        by_split[file.split].append(part)
    splits = {split: SplitFiles(rows=sum(part.rows for part in parts), files=parts) for split, parts in by_split.items()}
    positives = {split: counts.positives for split, counts in add_counts(shard.record.splits for shard in parsed).items()}
    return Manifest(splits=splits, positives=positives, raw_files=raw_files, rejected=tally(parsed).counts())


def _keep_for_later(folders: Folders, parsed: Sequence[ParsedShard]) -> None:
    """Leaves for the days to come the ids of this run, and of the parsed shards those that still have their raw file."""
    files.make_folder(folders.known)
    for folder in (folders.output.vocabularies, folders.statistics):
        for path in files.list_names(folder, ""):
            files.copy(path, files.join(folders.known, path.rsplit("/", 1)[-1]))
    kept = {folders.known, *(shard.base for shard in parsed)}
    for path in files.list_names(folders.parsed, ""):
        if files.join(folders.parsed, path.rsplit("/", 1)[-1].split(".")[0]) not in kept:
            files.remove(path)


def _clean(folders: Folders) -> None:
    """Leaves nothing in the output folder but the output."""
    for folder in (folders.statistics, folders.written, *([] if folders.kept else [folders.parsed])):
        files.remove(folder)
    for split in SPLITS:
        for path in files.list_names(files.join(folders.output.folder, split), ".partial"):
            files.remove(path)

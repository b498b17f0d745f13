"""Preprocessing on Beam: raw files to Parquet of ids and floats, with the TFT graph that made them.

Two parallel reads, no shuffle of rows: `analyze` counts the train split and writes vocabularies and statistics; the graph is
made of these; `transform` maps each shard to one Parquet file per split, so that a retried shard replaces its own file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from features.config import Config, Feature
from features.encoding import Encoding
from features.errors import ConfigError, DataError
from features.inputs import Input, inputs_of
from features.statistics import Statistics
from pipeline import files
from pipeline.analyze import AnalyzeShard, FinishFeature, MergePartials
from pipeline.console import say
from pipeline.ingest import File, Shard, column_types, list_files, plan_shards, read
from pipeline.split import SPLITS, split_rows

ROW_GROUP_ROWS = 128 << 10


@dataclass(frozen=True)
class Job:
    """A config bound to its files and columns."""

    config: Config
    listed: dict[str, list[File]]
    features: list[Feature]
    inputs: list[Input]

    @classmethod
    def of(cls, config: Config) -> Job:
        """Lists the files, reads their headers, and resolves the features.

        Raises:
          ConfigError: a feature rule fits no column.
          DataError: a file is absent, empty or unreadable, or columns differ or are missing.
        """
        data = config.data
        listed = {split: list_files(getattr(data, split), split) for split in SPLITS if getattr(data, split)}
        types = column_types(data, [file for split in listed.values() for file in split])
        for field, column in (("label", data.label), ("weight", data.weight), ("split.column", data.split.column)):
            if column is not None and column not in types:
                raise DataError(f"data.{field}: column {column!r} is not in {listed['train'][0].path}")
        features = config.resolve(list(types))
        return cls(config, listed, features, inputs_of(features, types))

    @property
    def raw(self) -> list[Input]:
        """All columns to read: of features, label, weight and split."""
        data = self.config.data
        extra = [Input(data.label, "float32")]
        extra += [Input(data.weight, "float32")] if data.weight else []
        known = {column.name for column in [*self.inputs, *extra]}
        if data.split.column and data.split.column not in known:
            extra.append(Input(data.split.column, "string"))
        return [*self.inputs, *extra]

    def fingerprint(self) -> list[Any]:
        """What the output depends on."""
        parts = [self.config.data.model_dump(), [feature.model_dump() for feature in self.features]]
        return [*parts, {split: [asdict(file) for file in listed] for split, listed in self.listed.items()}]


def preprocess(job: Job, folder: str, beam_args: Sequence[str] = ()) -> None:
    """Makes the transformed folder.

    Args:
      job: what to do.
      folder: receives `train/`, `validation/`, `test/`, `vocabulary/`, `statistics.json`, `transform/` (TFT output),
        `features.json` (inputs, features, encodings) and `manifest.json` (files, rows, checksums).
      beam_args: Beam pipeline options, such as `--runner=DataflowRunner`; FnApiRunner in this process without them.

    Raises:
      DataError: the data cannot be used; names file and column.
    """
    from features.transform import write_graph

    shards = plan_shards(job.config.data, job.listed)
    vocabularies = files.join(folder, "vocabulary")
    statistics = _analyze(job, shards, folder, vocabularies, beam_args)
    graph = files.join(folder, "transform")
    if not files.exists(files.join(graph, "transform_fn")):
        write_graph(job.features, job.inputs, statistics, vocabularies, graph)
    _transform(job, shards, folder, graph, beam_args)
    encodings = [Encoding.of(f, _vocabulary_size(f, statistics[f.name])) for f in job.features]
    document = {
        "label": job.config.data.label,
        "weight": job.config.data.weight,
        "inputs": [column.to_dict() for column in job.inputs],
        "features": [feature.model_dump(exclude_defaults=True) for feature in job.features],
        "encodings": [encoding.to_dict() for encoding in encodings],
    }
    files.write_json(files.join(folder, "features.json"), document)
    _write_manifest(folder)


class TransformShard(beam.DoFn):
    """Shard -> Parquet files of the transformed rows, one per split; yields their names.

    The graph is elementwise, so each categorical column goes through it once per distinct value of the batch.
    """

    def __init__(self, job: Job, folder: str, graph: str) -> None:
        self.job, self.folder, self.graph = job, folder, graph
        crossed = {column for feature in job.features if feature.kind == "cross" for column in feature.columns}
        self.by_value = {c.name for c in job.inputs if c.length is None and c.dtype != "float32"} - crossed

    def setup(self) -> None:
        """Loads the graph once per worker."""
        import tensorflow as tf

        self.loaded = tf.saved_model.load(files.join(self.graph, "transform_fn"))
        self.function = self.loaded.transform_fn

    def process(self, shard: Shard) -> Iterator[str]:
        """Skips shards whose files an earlier, interrupted run has left whole."""
        done = files.join(self.folder, "shards", f"{shard.index:05d}.json")
        if files.exists(done):
            yield from files.read_json(done)
            return
        writers = {split: _Writer(files.join(self.folder, split, f"part-{shard.index:05d}.parquet")) for split in SPLITS}
        data = self.job.config.data
        for piece in shard.pieces:
            for rows in read(data, self.job.raw, piece):
                for split, table in split_rows(data, rows, shard.split).items():
                    writers[split].write(self.transform(table))
        made = [writer.path for writer in writers.values() if writer.close()]
        files.write_json(done, made)
        yield from made

    def transform(self, table: pa.Table) -> pa.Table:
        """Raw columns to transformed columns, label and weight."""
        import tensorflow as tf

        fed, codes = {}, {}
        for column in self.job.inputs:
            array = table[column.name].combine_chunks()
            if column.name in self.by_value:
                array = array.dictionary_encode()
                codes[column.name] = array.indices.to_numpy()
                array = array.dictionary
            fed[column.name] = tf.constant(_numpy(array, column), dtype=column.dtype)
        outputs = self.function(fed)
        columns = {}
        for name in sorted(outputs, key=self._order):
            values = outputs[name].numpy()
            values = values.astype("int32") if values.dtype == "int64" else values  # TFT's graphs give int64 only
            if name in codes:
                values = values[codes[name]]
            columns[name] = _arrow(values)
        data = self.job.config.data
        columns[data.label] = _label(table[data.label].combine_chunks(), data.label)
        if data.weight:
            columns[data.weight] = table[data.weight]
        return pa.table(columns)

    def _order(self, output: str) -> tuple[int, str]:
        names = [feature.name for feature in self.job.features]
        return (names.index(output.removesuffix(".weights")) if output not in names else names.index(output), output)


class _Writer:
    """One Parquet file, written aside and renamed; not made if no row comes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.tables: list[pa.Table] = []
        self.writer: pa.parquet.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        self.tables.append(table)
        if sum(part.num_rows for part in self.tables) >= ROW_GROUP_ROWS:
            self._flush()

    def close(self) -> bool:
        if self.tables:
            self._flush()
        if self.writer is None:
            return False
        self.writer.close()
        self.target.close()
        files.rename(f"{self.path}.partial", self.path)
        return True

    def _flush(self) -> None:
        table = pa.concat_tables(self.tables)
        self.tables = []
        if table.num_rows == 0:
            return
        if self.writer is None:
            self.target = FileSystems.create(f"{self.path}.partial", compression_type="uncompressed")
            sink = pa.PythonFile(self.target, mode="w")
            self.writer = pa.parquet.ParquetWriter(sink, table.schema, compression="zstd")
        self.writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _analyze(
    job: Job, shards: Sequence[Shard], folder: str, vocabularies: str, beam_args: Sequence[str]
) -> dict[str, Statistics]:
    target = files.join(folder, "statistics.json")
    if not files.exists(target):
        aside = files.join(folder, "statistics")
        for made in (vocabularies, aside):
            files.remove(made)
            files.make_folder(made)
        label = Feature(name=job.config.data.label, kind="numeric")
        features = [*job.features, label]
        say(f"preprocess: counting {len(job.features)} features in {len(shards)} shards")
        run_beam(
            lambda root: (
                root
                | "Shards" >> beam.Create(list(shards), reshuffle=True)
                | "Analyze" >> beam.ParDo(AnalyzeShard(job.config, features, job.raw))
                | "Merge" >> beam.CombinePerKey(MergePartials())
                | "Finish" >> beam.ParDo(FinishFeature(features, vocabularies, aside))
            ),
            beam_args,
        )
        found = [files.read_json(files.join(aside, f"{feature.name}.json")) for feature in features]
        _check_label(Statistics.from_dict(found.pop()))
        files.remove(aside)
        files.write_json(target, {"features": found})
    return {values["name"]: Statistics.from_dict(values) for values in files.read_json(target)["features"]}


def _transform(job: Job, shards: Sequence[Shard], folder: str, graph: str, beam_args: Sequence[str]) -> None:
    for made in (*SPLITS, "shards"):
        files.make_folder(files.join(folder, made))
    say(f"preprocess: transforming {len(shards)} shards")
    run_beam(
        lambda root: (
            root
            | "Shards" >> beam.Create(list(shards), reshuffle=True)
            | "Transform" >> beam.ParDo(TransformShard(job, folder, graph))
        ),
        beam_args,
    )
    files.remove(files.join(folder, "shards"))


def run_beam(build: Any, beam_args: Sequence[str]) -> None:
    """Runs a Beam pipeline; a DataError or ConfigError raised on a worker comes out as itself."""
    options = PipelineOptions(list(beam_args) or ["--runner=FnApiRunner"], save_main_session=False)
    try:
        with beam.Pipeline(options=options) as root:
            build(root)
    except Exception as error:
        for kind in (DataError, ConfigError):
            match = re.search(rf"{kind.__module__}\.{kind.__name__}: (.*?)(?: \[while running|\n|$)", str(error))
            if isinstance(error, kind) or match:
                raise kind(match[1] if match else str(error)) from None
        raise


def _check_label(label: Statistics) -> None:
    values = {value for value, _ in label.top}
    if label.missing or not values <= {"0.0", "1.0"}:
        other = sorted(values - {"0.0", "1.0"})
        seen = f"{label.missing} rows without a value" if label.missing else f"the value {other[0]}"
        raise DataError(f"data.label: column {label.name!r} has {seen}; a label is 0 or 1 in every row")
    if len(values) < 2:
        raise DataError(f"data.label: column {label.name!r} is {min(values, default='missing')} in every train row; nothing to learn")


def _vocabulary_size(feature: Feature, statistics: Statistics) -> int:
    from features.transform import LOG_SQUARE_BUCKETS

    if feature.kind == "dense":
        return statistics.length or 0
    if feature.kind == "numeric":
        sizes = {"buckets": len(statistics.boundaries) + 1, "log_square": LOG_SQUARE_BUCKETS, "value": 2}
        return sizes[feature.encoding]
    return statistics.vocabulary_size


def _write_manifest(folder: str) -> None:
    splits: dict[str, Any] = {}
    for split in SPLITS:
        entries = []
        for path in files.list_names(files.join(folder, split), ".parquet"):
            with FileSystems.open(path, compression_type="uncompressed") as source:
                rows = pa.parquet.read_metadata(pa.PythonFile(source)).num_rows
                source.seek(0)
                digest = hashlib.file_digest(source, "sha256").hexdigest()
            entries.append({"file": f"{split}/{path.rsplit('/', 1)[-1]}", "rows": rows, "sha256": digest})
        splits[split] = {"rows": sum(entry["rows"] for entry in entries), "files": entries}
    if not splits["train"]["rows"]:
        raise DataError("preprocess: the train split has no rows; look at data.train and data.split")
    files.write_json(files.join(folder, "manifest.json"), {"splits": splits})


def _numpy(array: pa.Array, column: Input) -> Any:
    if column.length is not None:
        return array.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.length)
    return array.to_numpy(zero_copy_only=False)


def _arrow(values: Any) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _label(column: pa.Array, name: str) -> pa.Array:
    if pc.any(pc.invert(pc.is_in(column, pa.array([0.0, 1.0], pa.float32())))).as_py():
        raise DataError(f"data.label: column {name!r} has values other than 0 and 1")
    return column


__all__ = ["Job", "TransformShard", "preprocess", "run_beam"]

"""Batch scoring on Beam: raw rows in, scores out, in Arrow tables, through the graph that serving loads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from features.data_config import TEXT_FIELDS, TEXT_FORMATS, DataConfig
from features.errors import ConfigError, DataError
from features.inputs import Input
from features.manifest import RejectCounts
from features.spec import FeatureSpec
from models.metrics import Scores
from pipeline.raw.piece import Shard
from pipeline.raw.read import column_types, read
from pipeline.raw.rejects import RejectedRow, Tally, rejected_table
from pipeline.raw.shards import list_files, plan_shards
from pipeline.runtime import files
from pipeline.runtime.beam import check_reach, run_beam
from pipeline.runtime.console import say

SCORE, SUMMARY_FILE = "score", "scores.json"
BATCH_ROWS = 16 << 10


@dataclass(frozen=True)
class Scoring:
    """What to score and how.

    Attributes:
      model: folder of the model, on any Beam filesystem.
      data: how the raw files are written.
      inputs: columns the model reads.
      carried: columns to pass on, the label among them where the files have it.
      output: folder for the scores.
    """

    model: str
    data: DataConfig
    inputs: list[Input]
    carried: list[Input]
    output: str

    @property
    def raw(self) -> list[Input]:
        """All columns to read, each once."""
        return list({column.name: column for column in [*self.carried, *self.inputs]}.values())


def score(
    model: str,
    patterns: Sequence[str],
    output: str,
    carry: Sequence[str] = (),
    source: dict[str, Any] | None = None,
    beam_args: Sequence[str] = (),
) -> dict[str, Any]:
    """Scores raw rows: `part-*.parquet` with the columns carried and `score`, `rejected/`, and the summary `scores.json`.

    Args:
      model: the model folder, or the SavedModel in it.
      patterns: raw files; only the columns that the model reads, the label and those carried are read.
      output: a folder that holds no scores yet.
      carry: further columns to pass on, such as a key.
      source: fields of the config's `data` in which these files differ from those the model was made from.
      beam_args: Beam pipeline options; FnApiRunner in this process without them.

    Returns:
      The summary: rows, rejects by reason, and, where the files have the label, the quality of the scores.

    Raises:
      ConfigError: the output folder holds scores, a column to carry cannot be, or Dataflow cannot reach a path.
      DataError: the model or the files cannot be used, or too many rows are malformed.
    """
    if files.exists(files.join(output, SUMMARY_FILE)):
        raise ConfigError(f"{output}: holds the scores of an earlier run; name another folder")
    check_reach(beam_args, [model, *patterns, output])
    scoring, shards = _plan(model, patterns, output, carry, source or {})
    for folder in ("rejected", "state"):
        files.remove(files.join(output, folder))
    for path in files.list_names(output, ".parquet"):
        files.remove(path)
    for folder in (output, files.join(output, "rejected"), files.join(output, "state")):
        files.make_folder(folder)
    say(f"score: {len(shards)} shards, {len(scoring.raw)} columns")
    run_beam(
        lambda root: (
            root | "Shards" >> beam.Create(list(enumerate(shards)), reshuffle=True) | "Score" >> beam.ParDo(ScoreShard(scoring))
        ),
        beam_args,
    )
    summary = _summary(scoring, len(shards))
    files.remove(files.join(output, "state"))
    files.write_json(files.join(output, SUMMARY_FILE), summary)
    return summary


class ScoreShard(beam.DoFn):
    """(number, Shard) -> its Parquet file of scores, its rejects, and their counts; yields the number.

    A file is there whole or not at all, and a shard that is tried again replaces its own files.
    """

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring

    def setup(self) -> None:
        """Loads the model once per worker."""
        from pipeline.serving.saved_model import Served

        with files.local(self.scoring.model) as folder:
            self.served = Served(folder)

    def process(self, element: tuple[int, Shard]) -> Iterator[int]:
        """Reads, scores and writes the shard in batches."""
        number, shard = element
        tally, rejected, scores = Tally(), list[RejectedRow](), Scores()
        name = f"part-{number:05d}"
        with files.written(files.join(self.scoring.output, f"{name}.parquet")) as target:
            writer = None
            for table in self._tables(shard, tally, rejected, scores):
                writer = writer or pa.parquet.ParquetWriter(pa.PythonFile(target, "w"), table.schema, compression="zstd")
                writer.write_table(table)
            if writer is None:
                writer = pa.parquet.ParquetWriter(pa.PythonFile(target, "w"), self._empty().schema, compression="zstd")
            writer.close()
        if rejected:
            with files.written(files.join(self.scoring.output, "rejected", f"{name}.parquet")) as target:
                pa.parquet.write_table(rejected_table(shard.file.path, rejected), pa.PythonFile(target, "w"))
        files.write_bytes(files.join(self.scoring.output, "state", f"{name}.npz"), scores.to_bytes())
        files.write_document(files.join(self.scoring.output, "state", f"{name}.json"), tally.counts())
        yield number

    def score(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Probabilities [rows] of a table with the raw columns."""
        request = {column.name: _numpy(table[column.name].combine_chunks(), column) for column in self.scoring.inputs}
        return self.served.score(request)

    def _tables(self, shard: Shard, tally: Tally, rejected: list[RejectedRow], scores: Scores) -> Iterator[pa.Table]:
        data = self.scoring.data
        for piece in shard.pieces:
            for rows in read(data, self.scoring.raw, piece):
                tally.add(piece.path, rows.table.num_rows, rows.rejected)
                rejected += rows.rejected
                for start in range(0, rows.table.num_rows, BATCH_ROWS):
                    batch = rows.table.slice(start, BATCH_ROWS)
                    probabilities = self.score(batch)
                    if data.label in batch.column_names:
                        scores.add(_logits(probabilities), batch[data.label].to_numpy())
                    yield self._output(batch, probabilities)

    def _output(self, batch: pa.Table, probabilities: npt.NDArray[np.float32]) -> pa.Table:
        return batch.select([c.name for c in self.scoring.carried]).append_column(SCORE, pa.array(probabilities, pa.float32()))

    def _empty(self) -> pa.Table:
        columns = {column.name: pa.array([], column.arrow_type()) for column in self.scoring.carried}
        return pa.table({**columns, SCORE: pa.array([], pa.float32())})


def _plan(
    model: str, patterns: Sequence[str], output: str, carry: Sequence[str], source: dict[str, Any]
) -> tuple[Scoring, list[Shard]]:
    from pipeline.serving.saved_model import EXTRA, saved_model

    with files.local(model) as folder:
        spec = FeatureSpec.load(saved_model(folder) / EXTRA)
    data = DataConfig.model_validate({**_written(spec, source), "train": list(patterns), "label": spec.label})
    try:
        listed = list_files(patterns, "input")
    except DataError as error:
        raise DataError(str(error).replace("data.input", "--input")) from None
    types = column_types(data, listed)
    inputs = [Input(column.name, column.dtype, column.length) for column in spec.inputs]
    for name in [column.name for column in inputs] + list(carry):
        if name not in types:
            reader = "which the model reads" if name not in carry else "which is to be carried"
            raise DataError(f"{listed[0].path}: column {name!r}, {reader}, is not there; it has {', '.join(sorted(types))}")
    known = {column.name: column for column in inputs}
    carried = [known.get(name) or _carried(name, types[name]) for name in carry]
    if spec.label in types and spec.label not in carry:
        carried.append(Input(spec.label, "float32"))
    return Scoring(model, data, inputs, carried, output), plan_shards(data, {"test": listed})


def _written(spec: FeatureSpec, source: dict[str, Any]) -> dict[str, Any]:
    """How the files to score are written: as those the model was trained on, but for what `source` says otherwise."""
    as_trained = spec.source.model_dump()
    if source.get("format", spec.source.format) not in TEXT_FORMATS:
        as_trained = {field: value for field, value in as_trained.items() if field not in TEXT_FIELDS}
    if source.get("header"):
        as_trained.pop("columns", None)
    return as_trained | source


def _carried(name: str, kind: pa.DataType | None) -> Input:
    if name == SCORE or (kind is not None and pa.types.is_nested(kind)):
        raise ConfigError(f"--carry {name}: only columns of one value that are not called {SCORE!r} can be carried")
    if kind is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return Input(name, "string")
    return Input(name, "int64" if pa.types.is_integer(kind) else "float32")


def _summary(scoring: Scoring, shards: int) -> dict[str, Any]:
    total, scores = Tally(), Scores()
    for number in range(shards):
        state = files.join(scoring.output, "state", f"part-{number:05d}")
        total.merge(Tally.of(files.read_document(RejectCounts, f"{state}.json")))
        scores.merge(Scores.from_bytes(files.read_bytes(f"{state}.npz"), f"{state}.npz"))
    total.check(scoring.data.max_bad_ratio)
    summary: dict[str, Any] = {"rows": total.rows - total.bad, "rejected": dict(total.reasons)}
    if 0 < scores.counts[:, 1].sum() < scores.rows:
        summary["quality"] = asdict(scores.quality())
    return summary


def _logits(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def _numpy(array: pa.Array, column: Input) -> npt.NDArray[Any]:
    if column.length is not None:
        return np.asarray(array.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.length))
    return np.asarray(array.to_numpy(zero_copy_only=False))

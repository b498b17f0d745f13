"""Scoring of one shard: rows in, a Parquet file of scores out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.inputs import Input
from models.metrics import Scores
from models.serving_model import SCORE
from pipeline.raw.accounts import Account
from pipeline.raw.piece import Shard
from pipeline.raw.read import read
from pipeline.raw.rejects import RejectedRow, Tally, rejected_table
from pipeline.runtime import files
from pipeline.serving.scoring import Scoring
from pipeline.serving.synthetic_requests import Request, Values

BATCH_ROWS = 16 << 10  # rows the model scores at once: enough to be fast, and tens of megabytes of activations
REJECTED, STATE = "rejected", "state"  # folders of an output: rejected rows, and counts until all shards are done


@dataclass
class _Counts:
    """What scoring a shard gathers."""

    tally: Tally = field(default_factory=Tally)
    rejected: list[RejectedRow] = field(default_factory=list)
    scores: Scores = field(default_factory=Scores)


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
        counts, name = _Counts(), shard_name(number)
        self._write_scores(f"{name}.parquet", shard, counts)
        if counts.rejected:
            with files.written(files.join(self.scoring.output, REJECTED, f"{name}.parquet")) as target:
                pq.write_table(rejected_table(shard.file.path, counts.rejected), pa.PythonFile(target, "w"))
        state = files.join(self.scoring.output, STATE, name)
        files.write_bytes(f"{state}.npz", counts.scores.to_bytes())
        files.write_document(f"{state}.json", counts.tally.counts())
        yield number

    def score(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Probabilities [rows] of a table with the raw columns."""
        request: Request = {c.name: _numpy(table[c.name].combine_chunks(), c) for c in self.scoring.inputs}
        return self.served.score(request)

    def _write_scores(self, name: str, shard: Shard, counts: _Counts) -> None:
        schema = self._schema()
        with (
            files.written(files.join(self.scoring.output, name)) as target,
            pq.ParquetWriter(pa.PythonFile(target, "w"), schema, compression="zstd") as writer,
        ):
            for table in self._scored(shard, counts):
                writer.write_table(table.cast(schema))

    def _scored(self, shard: Shard, counts: _Counts) -> Iterator[pa.Table]:
        data, account = self.scoring.data, Account(shard.file.path)
        for piece in shard.pieces:
            for rows in read(data, self.scoring.columns, piece, need_label=False):
                account.add(rows.span)
                counts.tally.add(piece.path, rows.table.num_rows, rows.rejected)
                counts.rejected += rows.rejected
                for start in range(0, rows.table.num_rows, BATCH_ROWS):
                    batch = rows.table.slice(start, BATCH_ROWS)
                    probabilities = self.score(batch)
                    if data.label in batch.column_names:
                        labels = batch[data.label].to_numpy()
                        # Rows without a label are scored like all others, and count in no figure.
                        labelled = (labels == 0) | (labels == 1)
                        counts.scores.add(_logits(probabilities)[labelled], labels[labelled])
                    carried = batch.select([column.name for column in self.scoring.carried])
                    yield carried.append_column(SCORE, pa.array(probabilities, pa.float32()))

    def _schema(self) -> pa.Schema:
        fields = [(column.name, column.arrow_type()) for column in self.scoring.carried]
        return pa.schema([*fields, (SCORE, pa.float32())])


def shard_name(number: int) -> str:
    """Name of a shard's files, without suffix."""
    return f"part-{number:05d}"


def _logits(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)  # float32 rounds to 0 and 1, whose logits are infinite
    return np.log(p) - np.log1p(-p)


def _numpy(array: pa.Array, column: Input) -> Values:
    if column.length is not None:
        return np.asarray(array.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.length))
    return np.asarray(array.to_numpy(zero_copy_only=False))

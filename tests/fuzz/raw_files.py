"""Reading of one raw file as preprocessing reads it, and what is compared."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from features.config import Config
from pipeline.preprocess.parse import ParseShard
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.raw.accounts import check_whole
from pipeline.raw.formats import FORMATS
from pipeline.raw.shards import plan_shards
from tests.fuzz.campaign import FaultError

ROWS = 40
FEATURES = [
    {"match": ["id", "c"]},
    {"match": "n", "kind": "numeric"},
    {"match": "tags", "kind": "multivalued", "separator": "|", "max_length": 3},
]


class Reading(NamedTuple):
    """What was read of a file: its good rows, the offsets, texts and reasons of the others, and how many there were."""

    rows: list[tuple]
    rejected: list[dict]
    count: int


def read_file(path: Path, data: dict, folder: Path) -> Reading:
    """A file through the first pass of preprocessing, as a run would read it."""
    document = {"data": {"train": str(path), "label": "label", "max_bad_ratio": 1, **data}, "features": FEATURES}
    document["data"]["split"] = {"by": "row", "validation": 0}
    resolved = ResolvedConfig.of(Config.model_validate({"name": "fuzz", "work_dir": str(folder), **document}))
    shards = plan_shards(resolved.data, resolved.listed)
    parse = ParseShard(resolved.data, resolved.counted, resolved.columns, str(folder))
    parse.setup()
    for shard in shards:
        list(parse.process(shard))
    parse.teardown()
    parsed = [parse.parsed(shard) for shard in shards]
    check_whole(
        str(path), [part.record.span for part in parsed], FORMATS[resolved.data.format].end(resolved.data, shards[0].file)
    )
    tables = [table for part in parsed if part.record.splits for table in part.tables("train")]
    rejected = [Path(part.rejected_file) for part in parsed]
    reading = Reading(
        rows=[tuple(map(repr, row.values())) for table in tables for row in table.to_pylist()],
        rejected=[row for file in rejected if file.exists() for row in pq.read_table(file).to_pylist()],
        count=sum(part.record.rejected.rows for part in parsed),
    )
    shutil.rmtree(folder)  # a long campaign would fill the disk
    return reading


def check(reading: Reading, rows: int, untouched: Sequence[tuple] = ()) -> None:
    """Compares what was read with an independent count of the rows, and with the rows that were not touched."""
    if not rows == reading.count == len(reading.rows) + len(reading.rejected):
        parts = f"{len(reading.rows)} read, {len(reading.rejected)} rejected"
        raise FaultError(f"{rows} rows, but {reading.count} counted: {parts}")
    lost = Counter(untouched) - Counter(reading.rows)
    if lost:
        raise FaultError(f"rows that were not touched came out otherwise: {lost}; rejected {reading.rejected[:5]}")

"""What became of the rows of each raw file: every one is in a split or rejected, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence

from features.errors import DataError
from features.manifest import RawFileRows
from pipeline.preprocess.parsed_shard import ShardRecord
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.raw.accounts import check_whole
from pipeline.raw.formats import FORMATS


def raw_file_rows(resolved: ResolvedConfig, records: Sequence[ShardRecord]) -> list[RawFileRows]:
    """Adds up the shards of each raw file, also of files that have none.

    Args:
      resolved: the config.
      records: of all shards, those of a file in their order.

    Raises:
      DataError: a stretch of a file is in no shard or in two, or a row is neither in a split nor rejected.
    """
    by_file: dict[tuple[str, str], list[ShardRecord]] = {}
    for record in records:
        by_file.setdefault((record.split, record.file), []).append(record)
    form, raw_files = FORMATS[resolved.data.format], []
    for split, listed in resolved.listed.items():
        for file in listed:
            records_of_file = by_file.get((split, file.path), [])
            check_whole(file.path, [record.span for record in records_of_file], form.end(resolved.data, file))
            raw_files.append(_rows_of(file.path, split, records_of_file))
    return raw_files


def _rows_of(path: str, split: str, records: Sequence[ShardRecord]) -> RawFileRows:
    rows = sum(record.rejected.rows for record in records)
    rejected = sum(sum(record.rejected.reasons.values()) for record in records)
    read = sum(counts.rows for record in records for counts in record.splits.values())
    unlabelled = sum(record.rejected.unlabelled or 0 for record in records)
    if read + rejected + unlabelled != rows:
        start, end = records[0].span[0], records[-1].span[1]
        raise DataError(
            f"{path}: has {rows:,} rows from offset {start:,} to {end:,}, but {read:,} are in a split and {rejected:,} were "
            "rejected; run `winnow preprocess --force`, and please report it if that does not help"
        )
    return RawFileRows(file=path, split=split, rows=rows, read=read, rejected=rejected, unlabelled=unlabelled or None)

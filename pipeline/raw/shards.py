"""Raw files, listed and cut into shards, the units of work; the cut depends on each file alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw.format import naming_unreadable
from pipeline.raw.formats import FORMATS
from pipeline.raw.listing import match_files
from pipeline.raw.piece import RawFile, Shard


def list_files(patterns: Sequence[str], field: str) -> list[RawFile]:
    """Files behind paths, folders and globs (see `match_files`), sorted by path.

    Args:
      patterns: of any Beam filesystem.
      field: of `data` in the config, for the error.

    Raises:
      DataError: a pattern matches nothing, or empty files alone.
    """
    by_path: dict[str, RawFile] = {}  # a file that two patterns match is read once
    for pattern in patterns:
        try:
            matched = match_files(pattern)
        except DataError as error:
            raise DataError(f"data.{field}: {error}") from None
        if not matched:
            raise DataError(f"data.{field}: no file matches {pattern}")
        if not any(file.size for file in matched):
            raise DataError(f"data.{field}: {matched[0].path} is empty; remove it, or leave it out of the pattern")
        by_path |= {file.path: file for file in matched}
    return [by_path[path] for path in sorted(by_path)]


def plan_shards(data: DataConfig, listed: Mapping[str, Sequence[RawFile]]) -> list[Shard]:
    """Cuts files, given by split, into shards of about 64 MB of text or 256k Parquet rows.

    Raises:
      DataError: a file cannot be read as its format.
    """
    shards = []
    for split, files_of_split in listed.items():
        for file in files_of_split:
            with naming_unreadable(file.path, data.format):
                shards += [Shard(file, split, pieces) for pieces in FORMATS[data.format].cut(data, file)]
    return shards

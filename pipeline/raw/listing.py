"""Which raw files a path, a folder or a pattern means."""

from __future__ import annotations

from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from features.errors import DataError
from pipeline.raw.formats import has_known_suffix
from pipeline.raw.piece import RawFile
from pipeline.runtime import files


def match_files(pattern: str) -> list[RawFile]:
    """Files behind a path, folder or glob of any Beam filesystem, sorted by path.

    A file of exactly that name comes before what the name would match as a pattern. Of a folder (and those in it), files
    whose names end as a known format's do are meant, or, where there are none, those whose names have no end. What Hadoop
    and Spark leave beside their parts (`_SUCCESS`, `.part-0.crc`) and empty files are passed over in folders and globs.

    Args:
      pattern: `~` is the home folder; `file://` may precede a local path.

    Raises:
      DataError: the filesystem cannot be asked.
    """
    path = _local_path(pattern)
    try:
        if _is_exact(path):
            return _listed(path)
        if not (files.is_local(path) and Path(path).is_dir()):
            matched = [file for file in _listed(path) if not _is_hidden(file.path, _last_name(path))]
            if matched or files.is_local(path):
                return [file for file in matched if file.size] or matched
        return _in_folder(path.rstrip("/"))
    except Exception as error:  # Beam wraps whatever its filesystem raises
        raise DataError(f"{pattern} cannot be listed: {error}") from None


def _local_path(pattern: str) -> str:
    path = pattern.removeprefix("file://")
    return str(Path(path).expanduser()) + "/" * path.endswith("/") if path.startswith("~") else path


def _is_exact(path: str) -> bool:
    if files.is_local(path):
        return Path(path).is_file()
    return not set("*?[") & set(path) and bool(FileSystems.exists(path))


def _listed(pattern: str) -> list[RawFile]:
    if files.is_local(pattern) and Path(pattern).is_file():
        state = Path(pattern).stat()
        return [RawFile(pattern, state.st_size, state.st_mtime)]
    entries = FileSystems.match([pattern])[0].metadata_list
    listed = [RawFile(entry.path, entry.size_in_bytes, entry.last_updated_in_seconds or 0.0) for entry in entries]
    return sorted(listed, key=lambda file: file.path)


def _in_folder(folder: str) -> list[RawFile]:
    listed = [file for file in _listed(f"{files.literal_pattern(folder)}/**") if not _is_hidden(file.path[len(folder) :])]
    # A folder may hold a README or a checksum beside the data; Hadoop's and Hive's parts, on the other hand, have no suffix.
    known = [file for file in listed if has_known_suffix(file.path)]
    meant = known or [file for file in listed if "." not in _last_name(file.path)]
    return [file for file in meant if file.size] or meant


def _is_hidden(path: str, asked: str = "") -> bool:
    """Whether a name in the path begins with a dot or an underscore; not so where the last one was asked for with it."""
    names = path.strip("/").split("/") if not asked else [_last_name(path)]
    return not asked.startswith(("_", ".")) and any(name.startswith(("_", ".")) for name in names)


def _last_name(path: str) -> str:
    return path.rsplit("/", 1)[-1]

"""Files and folders of any Beam filesystem (local, gs://, s3://, hdfs://)."""

from __future__ import annotations

import json
from typing import Any

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems


def join(folder: str, *names: str) -> str:
    """A path below a folder."""
    return str(FileSystems.join(folder, *names))


def exists(path: str) -> bool:
    """Whether there is a file or folder of that name."""
    return bool(FileSystems.exists(path))


def read_bytes(path: str) -> bytes:
    """The whole content of a small file, as it is."""
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as source:
        return bytes(source.read())


def read_json(path: str) -> Any:
    """A JSON document."""
    return json.loads(read_bytes(path))


def write_bytes(path: str, content: bytes) -> None:
    """Writes aside, then renames, so that the path never holds half a file."""
    aside = f"{path}.partial"
    with FileSystems.create(aside, compression_type=CompressionTypes.UNCOMPRESSED) as target:
        target.write(content)
    rename(aside, path)


def write_json(path: str, document: Any) -> None:
    """Writes a JSON document, a field a line, atomically."""
    write_bytes(path, (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def make_folder(path: str) -> None:
    """Makes a folder and its parents where the filesystem knows folders."""
    if not exists(path):
        FileSystems.mkdirs(path)


def rename(source: str, target: str) -> None:
    """Moves a file or folder, over what is there."""
    remove(target)
    FileSystems.rename([source], [target])


def remove(path: str) -> None:
    """Deletes a file or folder, if it is there."""
    if exists(path):
        FileSystems.delete([path])


def list_names(folder: str, suffix: str) -> list[str]:
    """Paths of the files in a folder that end so, sorted."""
    if not exists(folder):
        return []
    found = FileSystems.match([join(folder, f"*{suffix}")])[0].metadata_list
    return sorted(str(entry.path) for entry in found)

"""Files and folders of any Beam filesystem (local, gs://, s3://, hdfs://)."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import pyarrow as pa
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from features.document import Document
from features.errors import DataError

# Bytes as they are: by default Beam would decompress a file by its suffix, and readers here see to that themselves.
_PLAIN = CompressionTypes.UNCOMPRESSED
D = TypeVar("D", bound=Document)


def join(folder: str, *names: str) -> str:
    """A path below a folder."""
    return str(FileSystems.join(folder, *names))


def is_local(path: str) -> bool:
    """Whether Python and TensorFlow can open the path themselves."""
    return "://" not in path


def exists(path: str) -> bool:
    """Whether there is a file or folder of that name."""
    # In an object store a folder is nothing but the beginning of its files' names.
    return bool(FileSystems.exists(path)) or (not is_local(path) and bool(_below(path)))


def size(path: str) -> int:
    """Bytes of a file."""
    return int(FileSystems.get_filesystem(path).size(path))


def open_file(path: str) -> Any:
    """A file opened to read; its bytes are not decompressed."""
    return FileSystems.open(path, compression_type=_PLAIN)


def open_arrow(path: str) -> pa.NativeFile:
    """A file for Arrow to read; a local one without Python in between."""
    return pa.OSFile(path) if is_local(path) else pa.PythonFile(open_file(path), mode="r")


def read_bytes(path: str) -> bytes:
    """The whole content of a small file, as it is."""
    with open_file(path) as source:
        return bytes(source.read())


def read_json(path: str) -> Any:
    """A JSON document."""
    return json.loads(read_bytes(path))


def read_document(kind: type[D], path: str) -> D:
    """A document of a class.

    Raises:
      DataError: the file is absent, damaged, or not of this class; names the file and the field.
    """
    try:
        text = read_bytes(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error}); run the stage that writes it again") from None
    return kind.from_json(text, path)


@contextmanager
def written(path: str) -> Iterator[IO[bytes]]:
    """A file to write: aside under a name of its own, then renamed, so that the path never holds half a file."""
    # The name is drawn, as a runner may have two workers try the same piece of work at once.
    aside = f"{path}.{uuid.uuid4().hex[:8]}.partial"
    with FileSystems.create(aside, compression_type=_PLAIN) as target:
        yield target
    rename(aside, path)


def write_bytes(path: str, content: bytes) -> None:
    """Writes a file atomically."""
    with written(path) as target:
        target.write(content)


def write_json(path: str, document: Any) -> None:
    """Writes a JSON document, a field a line, atomically."""
    write_bytes(path, (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_document(path: str, document: Document) -> None:
    """Writes a document, a field a line, atomically."""
    write_bytes(path, document.to_json().encode())


def make_folder(path: str) -> None:
    """Makes a folder and its parents where the filesystem knows folders."""
    if is_local(path):
        Path(path).mkdir(parents=True, exist_ok=True)
    # Beam refuses to make a folder that is there.
    elif not exists(path):
        FileSystems.mkdirs(path)


def rename(source: str, target: str) -> None:
    """Moves a file or folder, over what is there.

    Object stores have no folders: their files are moved one by one, those at the folder's top last, as its marker is there.
    """
    # A folder cannot be renamed onto another that holds files.
    remove(target)
    if is_local(source) or FileSystems.exists(source):
        FileSystems.rename([source], [target])
        return
    moved = sorted(_below(source), key=lambda path: -path.count("/"))
    FileSystems.rename(moved, [target + path[len(source) :] for path in moved])


def remove(path: str) -> None:
    """Deletes a file or folder, if it is there."""
    if is_local(path):  # Beam would take the signs of a glob in the path for one
        if Path(path).is_dir():
            shutil.rmtree(path)
        else:
            Path(path).unlink(missing_ok=True)
    elif FileSystems.exists(path):
        FileSystems.delete([literal_pattern(path)])
    elif below := _below(path):
        FileSystems.delete(below)


def list_names(folder: str, suffix: str) -> list[str]:
    """Paths of the files in a folder that end so, sorted."""
    if is_local(folder):
        entries = Path(folder).iterdir() if Path(folder).is_dir() else ()
        return sorted(str(entry) for entry in entries if entry.name.endswith(suffix) and entry.is_file())
    matched = FileSystems.match([join(literal_pattern(folder), f"*{suffix}")])[0].metadata_list
    return sorted(str(entry.path) for entry in matched)


def copy(source: str, target: str) -> None:
    """Copies a small file."""
    write_bytes(target, read_bytes(source))


@contextmanager
def local(folder: str) -> Iterator[str]:
    """The folder, or a copy of it that vanishes, where programs that know only local files can read it."""
    if is_local(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory() as copied:
        for path in _below(folder):
            copied_file = Path(copied, path[len(folder) :].lstrip("/"))
            copied_file.parent.mkdir(parents=True, exist_ok=True)
            copied_file.write_bytes(read_bytes(path))
        yield copied


def upload(source: str, folder: str) -> None:
    """Moves a local folder to where it belongs."""
    if is_local(folder):
        rename(source, folder)
        return
    for path in sorted(Path(source).rglob("*")):
        if path.is_file():
            write_bytes(join(folder, *path.relative_to(source).parts), path.read_bytes())


def _below(folder: str) -> list[str]:
    matched = FileSystems.match([f"{literal_pattern(folder).rstrip('/')}/**"])[0].metadata_list
    return [str(entry.path) for entry in matched]


def literal_pattern(path: str) -> str:
    """A pattern of Beam that matches this path alone, whatever signs it holds."""
    # Within brackets, a sign of a glob stands for itself.
    return re.sub(r"[*?[]", r"[\g<0>]", path)

"""A Beam filesystem that lives in this process: what works on it opens no file by itself."""

import io
import time

from apache_beam.io.filesystem import FileMetadata, FileSystem
from apache_beam.io.filesystems import BeamIOError

FILES: dict[str, tuple[bytes, float]] = {}


class _Written(io.BytesIO):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def close(self):
        if not self.closed:
            FILES[self.path] = (self.getvalue(), time.time())
        super().close()


class MemoryFileSystem(FileSystem):
    """Like an object store: no folders, only names with slashes."""

    @classmethod
    def scheme(cls):
        return "memory"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, (content, updated) in sorted(FILES.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(content), updated)

    def create(self, path, mime_type="", compression_type="auto"):
        return _Written(path)

    def open(self, path, mime_type="", compression_type="auto"):
        if path not in FILES:
            raise BeamIOError("no such file", {path: "absent"})
        return io.BytesIO(FILES[path][0])

    def copy(self, source_file_names, destination_file_names):
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            FILES[target] = FILES[source]

    def rename(self, source_file_names, destination_file_names):
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            FILES[target] = FILES.pop(source)

    def exists(self, path):
        return path in FILES

    def size(self, path):
        return len(FILES[path][0])

    def last_updated(self, path):
        return FILES[path][1]

    def checksum(self, path):
        return str(hash(FILES[path][0]))

    def metadata(self, path):
        return FileMetadata(path, self.size(path), self.last_updated(path))

    def delete(self, paths):
        for path in paths:
            del FILES[path]

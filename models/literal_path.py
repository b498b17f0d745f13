"""Paths that TensorFlow is to take as they are, whatever signs they hold."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

# Signs that have a meaning in a pattern.
_GLOB_SIGNS = frozenset("*?[]{}\\")


def literal_path(path: str) -> str:
    """A path to the same file or folder that TensorFlow's readers do not take for a pattern.

    The readers of checkpoints and SavedModels match the prefix they are given as a glob, and find nothing in a folder called
    `work [1]`. A local path with such signs is therefore reached through a link of a plain name, which lasts as long as the
    process: tables of a loaded graph go on naming the file that they were read from.
    """
    # In an object store there are no links: such a path is left as it is.
    if "://" in path or not _GLOB_SIGNS & set(path):
        return path
    whole = Path(path).absolute()
    if _GLOB_SIGNS & set(whole.name):
        return _link(str(whole))
    return f"{_link(str(whole.parent))}/{whole.name}"


@cache
def _link(folder: str) -> str:
    link = Path(tempfile.mkdtemp(), "link")
    link.symlink_to(folder)
    return str(link)

"""Versions of Winnow and of the packages it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

PROGRAM = "winnow"


def program_version() -> str:
    """The version of this program, such as `0.1.0`."""
    return _version(PROGRAM)


def versions(packages: Sequence[str]) -> dict[str, str]:
    """The installed version of each package, by name; `not installed` for those that are absent."""
    return {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"

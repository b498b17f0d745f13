"""A config's file: its YAML, and the overrides of the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from features.config.budget import UNITS
from features.errors import ConfigError
from features.fields import Section

_SHOWN = 40  # characters of a value in an error


class _Loader(yaml.SafeLoader):
    """YAML in which dates are texts, quoted or not: a date compared with texts of the data must stay as it was written."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Names the place of a value that Python cannot build, such as `!!int x` or a number of thousands of digits."""
        # PyYAML lets such errors through as they are, without the line; the list holds those that its constructors raise.
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
            value = str(node.value)[:_SHOWN]
            raise yaml.MarkedYAMLError(
                problem=f"{value!r} is not of the type it claims to be; write it in quotes", problem_mark=node.start_mark
            ) from None


def read_document(path: str | Path, overrides: Sequence[str], section: type[Section]) -> dict[str, object]:
    """The fields that a file and the overrides give, not yet checked.

    Args:
      path: of the YAML file.
      overrides: `key.path=value`, the value in YAML; later ones win.
      section: the class of the whole config, which knows the former names of its fields.

    Raises:
      ConfigError: the file is missing or no mapping in YAML, or an override is not of that form.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config file; `winnow init DATA` writes a first one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from None
    document = parse_yaml(text, str(path))
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: a config is a mapping of fields, see configs/ for examples")
    for override in overrides:
        apply_override(document, override, section)
    return document


def name_of(path: str | Path) -> str:
    """The name of a config that gives none: the file's stem, with `_` for signs that a name may not have."""
    return re.sub(r"[^\w.-]+", "_", Path(path).stem)


def parse_yaml(text: str, where: str) -> object:
    """The value that a YAML text stands for; dates stay texts.

    Raises:
      ConfigError: the text is not YAML, or holds a value that cannot be built; names where it came from, and the line.
    """
    try:
        return yaml.load(text, _Loader)  # a SafeLoader: no code is run
    except RecursionError:
        raise ConfigError(f"{where}: cannot be read as YAML: its brackets are nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark, error.problem or error.context
        position = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigError(f"{where}: cannot be read as YAML: {position}{problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: cannot be read as YAML: {' '.join(str(error).split())}") from None


def apply_override(document: dict[str, object], override: str, config: type[Section]) -> None:
    """Sets one field of a document, under whatever name it stands there.

    Args:
      document: the fields of a config, not yet checked; changed in place.
      override: `key.path=value`, the value in YAML.
      config: the class of the whole config, which knows the former names of its fields.

    Raises:
      ConfigError: the override is not of that form, or goes through a field that has no fields of its own.
    """
    key, separator, text = override.partition("=")
    if not separator:
        raise ConfigError(f"--set {override}: write key=value, such as selection.budget.features=10")
    group = document
    section: type[Section] | None = config
    *parents, last = key.split(".")
    for parent in parents:
        child = group.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {override}: {parent} is not a group of fields")
        group, section = child, section.subsection(parent) if section else None
    value = parse_yaml(text, f"--set {override}")
    if parents and parents[-1] == "budget" and last in UNITS:  # a budget holds one unit: naming another replaces it
        group.clear()
    # One field under two names would be refused, with an error that the override could not explain.
    for name in section.names_of(last) if section else ():  # a value under the other name is replaced too
        group.pop(name, None)
    group[last] = value

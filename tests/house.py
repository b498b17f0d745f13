"""Reads the source of the packages: who imports whom, what is read by string keys, and how large files are."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("features", "models", "pipeline", "winnow")
READS = ("get", "pop", "setdefault")


@dataclass(frozen=True)
class Module:
    """A Python file of a package.

    Attributes:
      name: as in an import, such as `pipeline.raw.read`; a package's `__init__.py` has the package's name.
      path: of the file.
    """

    name: str
    path: Path

    @cached_property
    def source(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    @property
    def room(self) -> str:
        """The folder under `pipeline/`, or the file there; elsewhere the package."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "pipeline" and len(parts) > 1 else parts[0]

    def tokens(self, kind: int) -> list[str]:
        """Texts of all tokens of a kind of module `tokenize`."""
        readline = io.StringIO(self.source).readline
        return [token.string for token in tokenize.generate_tokens(readline) if token.type == kind]

    def key_reads(self) -> list[tuple[str, str]]:
        """Reads of a mapping by a literal string, `x["key"]`, `x.get("key")`, `itemgetter("key")`: the mapping and the read.

        Types (`Literal["a"]`) and variables of the environment are left out.
        """
        reads = [(_mapping(node), ast.unparse(node)) for node in ast.walk(self.tree) if _mapping(node) is not None]
        return [(mapping, read) for mapping, read in reads if mapping not in (None, "Literal", "os.environ")]


def modules(root: Path) -> dict[str, Module]:
    """All modules of the packages under a folder, by name."""
    paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    read = {}
    for path in paths:
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        read[name] = Module(name, path)
    return read


def arrows(known: dict[str, Module]) -> dict[str, set[str]]:
    """Modules of ours that each module imports, at its head, in its functions, and for types alone."""
    return {name: set(_imported(module, known)) - {name} for name, module in known.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, first and last the same; empty where there is none."""
    done: set[str] = set()
    for start in sorted(graph):
        trail = _circle_from(start, [], graph, done)
        if trail:
            return trail
    return []


def _circle_from(name: str, trail: list[str], graph: dict[str, set[str]], done: set[str]) -> list[str]:
    if name in trail:
        return [*trail[trail.index(name) :], name]
    if name not in done:
        for target in sorted(graph[name]):
            closed = _circle_from(target, [*trail, name], graph, done)
            if closed:
                return closed
    done.add(name)
    return []


def _imported(module: Module, known: dict[str, Module]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            # `from pipeline.runtime import files` imports the module files; other names are of the module itself.
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            named = [name if name in known else node.module or "" for name in inner]
            yield from (name for name in named if name in known)


def _mapping(node: ast.AST) -> str | None:
    """What a node reads by a literal string; None where it does no such thing."""
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value) if _is_text(node.slice) and isinstance(node.ctx, ast.Load) else None
    if not (isinstance(node, ast.Call) and node.args and _is_text(node.args[0])):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in READS:
        return ast.unparse(node.func.value)
    return "itemgetter" if ast.unparse(node.func) in ("itemgetter", "operator.itemgetter") else None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)

"""Runs the benchmarks and writes what each prints to docs/benchmarks.md, with date, machine and versions.

    python benchmarks/page.py                  (all: what `make benchmarks` does; about an hour on two cores)
    python benchmarks/page.py train serving    (these alone; the other sections stay)

A benchmark is a file here that prints its tables to the standard output; the first command in its docstring is what is run. A
section whose benchmark fails, for want of a GPU or of data, stays as it was.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
_COMMAND = re.compile(r"^ {4}((?:\w+=\S+ |winnow .* && )*python benchmarks/.*?)(?: {2,}\(.*)?$", re.MULTILINE)
_OPTIONAL = re.compile(r" \[[^\]]*\]")
_SECTION = re.compile(r"^## (\w+)\n", re.MULTILINE)
_PACKAGES = ("winnow", "tensorflow", "tf_keras", "tensorflow-transform", "apache-beam", "pyarrow", "numpy")
_HEAD = """# Benchmarks

Written by `make benchmarks` from what the scripts in `benchmarks/` print; each section says when, where and with what it was
measured. Times depend on the machine; ratios between rows of one table less so.
"""


def main(names: Sequence[str]) -> int:
    """Runs benchmarks by name, all if none is given; returns how many failed."""
    scripts = {path.stem: path for path in sorted(HERE.glob("[a-z]*.py")) if path != Path(__file__)}
    unknown = set(names) - set(scripts)
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(scripts)}")
    failed = 0
    for name in names or scripts:
        made = section(scripts[name])
        failed += made is None
        if made is not None:
            write(PAGE, {**read(PAGE), name: made})
    return failed


def section(script: Path) -> str | None:
    """Runs a benchmark and gives its part of the page, None if it fails."""
    about = ast.get_docstring(ast.parse(script.read_text()), clean=False) or ""
    command = command_of(about)
    if command is None:
        print(f"{script.stem}: its docstring holds no command", file=sys.stderr)
        return None
    print(f"{script.stem}: {command}", file=sys.stderr, flush=True)
    started = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=HERE.parent,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{script.stem}: failed with exit code {done.returncode}; its section stays as it was", file=sys.stderr)
        return None
    where = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {versions()}; {time.monotonic() - started:.0f} s"
    return f"{about.splitlines()[0]}\n\n    {command}\n\n{where}.\n\n{table(done.stdout)}\n"


def command_of(about: str) -> str | None:
    """The first command of a docstring, without what is optional, and without WINNOW_DATA where that is set already."""
    found = _COMMAND.search(about)
    if found is None:
        return None
    command = _OPTIONAL.sub("", found[1])
    return re.sub(r"^WINNOW_DATA=FOLDER ", "", command)


def table(printed: str) -> str:
    """Markdown tables as they are, anything else as a block of code."""
    text = printed.strip()
    markdown = "\n|" in f"\n{text}" and not re.search(
        "[\N{BOX DRAWINGS LIGHT HORIZONTAL}-\N{BOX DRAWINGS DOUBLE HORIZONTAL}]", text
    )
    return text if markdown else f"```text\n{text}\n```"


def machine() -> str:
    """Cores, processor and GPUs."""
    names = re.findall(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        gpus = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        gpus = []
    parts = [f"{os.cpu_count()} cores", names[0] if names else platform.processor() or platform.machine()]
    return " of ".join(parts) + "".join(f", {name}" for name in gpus if name)


def versions() -> str:
    """Of Python and the libraries that matter."""
    known = []
    for package in _PACKAGES:
        try:
            known.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, {', '.join(known)}"


def read(page: Path) -> dict[str, str]:
    """The page's sections by name."""
    parts = _SECTION.split(page.read_text()) if page.exists() else [""]
    return {name: text.strip("\n") + "\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def write(page: Path, sections: Mapping[str, str]) -> None:
    """The page, sections in the order of their names; never half of it."""
    aside = page.with_suffix(".partial")
    aside.write_text(_HEAD + "".join(f"\n## {name}\n\n{sections[name]}" for name in sorted(sections)))
    aside.replace(page)


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The first config for new data, drafted from a sample: `winnow init`."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from features.config.json_schema import EDITOR_LINE
from features.errors import DataError
from pipeline.raw.formats import FORMATS
from pipeline.raw.listing import match_files
from pipeline.raw.read import column_types
from pipeline.tools.columns import Column, Guess, find_label, guess
from pipeline.tools.sample import NoRowsError, Sample, as_array, read, spread

# The batch size is lowered until a round of the search has as many steps as its picks need (docs/selection.md).
_BATCHES = (256, 128, 64, 32)
_TRAIN, _EPOCHS, _STEPS, _PICKING = 0.8, 4, 20, 0.9  # share of rows, epochs, least steps of a round, rounds that pick
_LISTED = 8  # more files of a split than this are written as a glob


@dataclasses.dataclass(frozen=True)
class Draft:
    """A first config.

    Attributes:
      text: YAML with comments.
      label: the label column, and why it was taken.
      features: names by kind.
      left_out: names by reason.
    """

    text: str
    label: tuple[str, str]
    features: dict[str, list[str]]
    left_out: dict[str, list[str]]


def draft(paths: list[str], label: str | None = None, rows: int = 100_000) -> Draft:
    """Looks at a sample of the data and makes a first config for it.

    Args:
      paths: files, folders or globs of any Beam filesystem; delimited text (also compressed), Parquet or TFRecord. Files whose
        names hold `test`, or `valid`, `val` or `dev`, become those splits.
      label: the label column, where it should not be guessed.
      rows: how many rows to look at.

    Raises:
      DataError: no such files, nothing in them, not readable, columns that differ, or none that can be the label.
    """
    splits = _files(paths)
    first, count = splits["train"][0], len(splits["train"])
    sample = spread(splits["train"], rows)
    column_types(sample.data, [file for path in splits["train"] for file in match_files(path)])  # refuses what a run would
    columns = [Column(name, as_array(sample.table[name])) for name in sample.table.column_names]
    target, why = find_label(first, columns, label)
    guesses = {column.name: guess(column) for column in columns if column is not target}
    taken = [name for name, guessed in guesses.items() if guessed.kind]
    if not taken:
        raise DataError(f"{first}: no column besides the label can be a feature; winnow needs columns that vary")
    others = [path for path in splits["validation"] + splits["test"] if not _alike(path, sample)]
    splits = {split: [path for path in files if path not in others] for split, files in splits.items()}
    times = [column for column in columns if column is not target and column.is_time]
    # Of a sample, the number of all rows is not known, and nothing is said of batches.
    whole_train = sample.table.num_rows if count == 1 and sample.table.num_rows < rows else None
    seen = f"the first {sample.table.num_rows:,} rows of {first}" + (f" and other files of {count:,}" if count > 1 else "")
    lines = [
        EDITOR_LINE,
        f"# First config for {' '.join(paths)}, drafted from {seen}.",
        "# What was guessed says so: check it, then `winnow run` this file. Paths are seen from where that is called.",
        *(f"# Left out, for its columns are not those of the train files: {path}" for path in others),
        *_data(sample, splits, target, why, times),
        *_features(guesses),
        *_selection(len(taken), whole_train),
    ]
    return Draft(
        "\n".join(lines) + "\n",
        (target.name, why),
        {kind: [name for name in taken if guesses[name].kind == kind] for kind in _WHY},
        _left_out(guesses),
    )


def _files(paths: list[str]) -> dict[str, list[str]]:
    """The files of each split."""
    splits: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for path in paths:
        files = match_files(path)
        if not files:
            suffixes = ", ".join(suffix for form in dict.fromkeys(FORMATS.values()) for suffix in form.SUFFIXES)
            raise DataError(f"{path}: no such file, or a folder without files whose names end in {suffixes}")
        if not any(file.size for file in files):
            raise DataError(f"{path}: empty; winnow needs rows to look at")
        for file in files:
            splits[_split(file.path)].append(file.path)
    if not splits["train"]:
        splits["train"], splits["test"] = splits["test"] or splits["validation"], []
        splits["validation"] = [path for path in splits["validation"] if path not in splits["train"]]
    return splits


def _split(path: str) -> str:
    # Whole words: `latest.csv` is no test file.
    words = set(re.split(r"[^a-z]+", path.rsplit("/", 1)[-1].lower()))
    return "test" if "test" in words else "validation" if words & {"valid", "validation", "val", "dev"} else "train"


def _alike(path: str, sample: Sample) -> bool:
    """Whether a file has the train files' columns: Kaggle's test files, for one, have no label."""
    try:
        return set(read(path, 100).table.column_names) == set(sample.table.column_names)
    except NoRowsError:
        return True  # nothing of it will be read


def _data(sample: Sample, splits: dict[str, list[str]], label: Column, why: str, times: list[Column]) -> Iterator[str]:
    """The lines of `data:`."""
    yield "data:"
    yield f"  format: {sample.data.format}"
    for split, files in splits.items():
        if files:
            others = [path for name in splits if name != split for path in splits[name]]
            yield from _wrapped(f"  {split}: [", [_scalar(path) for path in _glob(files, others)], "]")
    # Of how files are written, a config needs to say what differs from the defaults only.
    if not sample.data.header:
        yield "  header: false  # guessed: the first row looks like values"
        yield from _wrapped("  columns: [", [_scalar(name) for name in sample.table.column_names], "]")
    if sample.data.separator not in ",\t":
        yield f"  delimiter: {_scalar(sample.data.separator)}"
    if sample.data.quoted == "multiline":
        yield "  quoted: multiline  # guessed: quoted cells hold newlines; one worker reads a whole file"
    if sample.data.encoding != "utf-8":
        yield f"  encoding: {sample.data.encoding}  # guessed: most texts are not UTF-8"
    if sample.missing:
        yield f"  missing: [{', '.join(map(_scalar, sample.missing))}]  # guessed: these stand for no value"
    if sample.bad_rows:
        yield f"  # {sample.bad_rows:,} rows of the sample had other numbers of cells or open quotes: see max_bad_ratio, quoted"
    ones = float(pc.mean(pc.cast(label.array, pa.float64())).as_py())
    yield f"  label: {_scalar(label.name)}  # {why}; {ones:.1%} are 1"
    # A split that has files takes no rows of the train files.
    shares = [f"{name}: {0.0 if splits[name] else 0.1}" for name in ("validation", "test")]
    yield f"  split: {{by: row, {', '.join(shares)}}}  # of the train files, drawn by row"
    for column in times[:1] if not splits["test"] else []:
        yield f"  # To test on the latest rows: split: {{by: time, column: {_scalar(column.name)}, test_from: ...}}"


def _glob(files: list[str], others: list[str]) -> list[str]:
    """Many files as one glob, where their names allow it and none of the others has such a name."""
    start = os.path.commonprefix(files)  # noqa: RUF071 - characters, not folders, are meant
    end = os.path.commonprefix([path[: len(start) - 1 : -1] for path in files])[::-1]  # noqa: RUF071 - what follows it
    stars = "**" if any("/" in path[len(start) : len(path) - len(end)] for path in files) else "*"
    clash = any(path.startswith(start) and path.endswith(end) for path in others)
    return files if len(files) <= _LISTED or clash or not start else [f"{start}{stars}{end}"]


_WHY = {
    "categorical": "texts and codes; a number with many values that is no code belongs to numeric",
    "multivalued": "several values in one cell",
    "numeric": "guessed: floats, and integers that seem to measure something; by quantiles into 64 buckets",
    "dense": "vectors of one width",
}


def _features(guesses: dict[str, Guess]) -> Iterator[str]:
    """The lines of `features:`: one rule for all columns of one kind, then what was left out."""
    yield "features:"
    for kind, why in _WHY.items():
        of_kind = {name: guessed for name, guessed in guesses.items() if guessed.kind == kind}
        # Columns with other options, such as another separator, need a rule of their own.
        rules: dict[tuple[tuple[str, Any], ...], list[str]] = {}
        for name, guessed in of_kind.items():
            rules.setdefault(guessed.options, []).append(name)
        if rules:
            yield f"  # {kind}: {why}"
        # Some dozens at most: of thousands of columns the facts would bury the rules.
        facts = [f"{_scalar(name)}: {guessed.fact}" for name, guessed in of_kind.items() if guessed.fact]
        yield from _wrapped("  #   ", facts[:40], "", "; ", "  #   ")
        for options, names in rules.items():
            rest = "".join(f", {key}: {_scalar(value)}" for key, value in options)
            yield from _wrapped("  - {match: [", _ranges(names), f"], kind: {kind}{rest}}}")
    out = _left_out(guesses)
    if out:
        yield "  # Left out (to bring one back, add it to a rule):"
    for reason, names in out.items():
        yield from _wrapped(f"  #   {reason}: ", [_scalar(name) for name in names], "", ", ", "  #     ")


def _left_out(guesses: dict[str, Guess]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name, guessed in guesses.items():
        if not guessed.kind:
            out.setdefault(guessed.reason, []).append(name)
    return out


def _selection(count: int, rows: int | None) -> Iterator[str]:
    """The lines of `selection:`; of little data, known to be all there is, smaller batches make more steps."""
    yield "selection:"
    # A third: on KuaiRand, 15 of 45 features have the full model's AUC.
    yield f"  budget: {{features: {max(1, round(count / 3))}}}  # a third, to begin with"
    yield "  # budget: {auto: features} finds, by more trainings, the least that lose nothing"
    if rows is None:
        return
    fits = [batch for batch in _BATCHES if rows * _TRAIN * _EPOCHS / batch >= _STEPS * count / _PICKING]
    if not fits or fits[0] < _BATCHES[0]:
        batch = fits[0] if fits else _BATCHES[-1]
        why = (
            f"of {rows:,} rows, so that a round of the search has {_STEPS} steps"
            if fits
            else "too few rows for so many columns"
        )
        yield f"  batch_size: {batch}  # {why}"


def _ranges(names: list[str]) -> list[str]:
    """Names as patterns: runs of three or more numbered ones as `I1..I13`."""

    def key(item: tuple[int, str]) -> tuple[str, int | None]:
        index, name = item
        # Names of one run have one stem, and numbers that grow with their positions: the difference is the same for all.
        part = re.fullmatch(r"([^*?\[]*[^*?\[\d]|)(0|[1-9]\d*)", name)
        return (part[1], int(part[2]) - index) if part else (name, None)

    patterns: list[str] = []
    for (_, number), group in itertools.groupby(enumerate(names), key):
        run = [name for _, name in group]
        exact = [re.sub(r"([*?\[])", r"[\1]", name) for name in run]  # a glob that means only itself
        patterns += [f"{run[0]}..{run[-1]}"] if number is not None and len(run) > 2 else exact
    return [_scalar(pattern) for pattern in patterns]


def _wrapped(
    start: str, items: Iterable[str], end: str, mark: str = ", ", indent: str | None = None, width: int = 118
) -> Iterator[str]:
    """`start`, the items and `end` on as many lines as needed; nothing where there are no items."""
    line, pieces = start, list(items)
    for number, item in enumerate(pieces):
        piece = item + (mark if number < len(pieces) - 1 else end)
        if len(line) + len(piece.rstrip()) > width and line not in (start, indent):
            yield line.rstrip()
            line = " " * len(start) if indent is None else indent
        line += piece
    if pieces:
        yield line


def _scalar(value: Any) -> str:
    """A text or number as it must be written inside a YAML list."""
    # A JSON string is a YAML string, whatever it holds.
    if isinstance(value, str) and (not re.fullmatch(r"[\w./][\w./ -]*", value) or yaml.safe_load(value) != value):
        return json.dumps(value)
    return str(value)

"""The first config for new data, drafted from a sample: `winnow init`."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from features.config.json_schema import EDITOR_LINE
from features.errors import DataError
from pipeline.raw.formats import FORMATS
from pipeline.raw.listing import match_files
from pipeline.raw.read import column_types
from pipeline.tools.columns import TIME, Column, Guess, guess
from pipeline.tools.label import Label, find_label
from pipeline.tools.sample import NoRowsError, Sample, as_array, read, spread
from pipeline.tools.yaml_lines import ranges, scalar, wrapped

# The batch size is lowered until a round of the search has as many steps as its picks need (docs/selection.md).
_BATCHES = (256, 128, 64, 32)
_TRAIN, _EPOCHS, _STEPS, _PICKING = 0.8, 4, 20, 0.9  # share of rows, epochs, least steps of a round, rounds that pick
# Positives or negatives below which the standard error of an AUC is above .02, more than models differ by.
_FEW_LABELS = 100
_FEW_FEATURES = 3  # of fewer there is nothing to select
_VALIDATION_FROM, _TEST_FROM = 0.8, 0.9  # shares of the sample's rows before the bounds of a split by time
_LISTED = 8  # more files of a split than this are written as a glob


@dataclasses.dataclass(frozen=True)
class Draft:
    """A first config.

    Attributes:
      text: YAML with comments.
      label: the label column, and why it was taken.
      features: names by kind.
      left_out: names by reason.
      notes: what to look at first: too few positives or features, and doubtful guesses; a line each.
    """

    text: str
    label: tuple[str, str]
    features: dict[str, list[str]]
    left_out: dict[str, list[str]]
    notes: list[str] = dataclasses.field(default_factory=list)


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
    target = find_label(first, columns, label)
    guesses = {column.name: guess(column, target.values) for column in columns if column is not target.column}
    taken = [name for name, guessed in guesses.items() if guessed.kind]
    if not taken:
        reasons = "".join(f"; {', '.join(names)}: {reason}" for reason, names in _left_out(guesses).items())
        raise DataError(f"{first}: no column besides the label can be a feature; winnow needs columns that vary{reasons}")
    notes = [*_too_few(target, taken), *(f"{name}: {guessed.doubt}" for name, guessed in guesses.items() if guessed.doubt)]
    others = [path for path in splits["validation"] + splits["test"] if not _alike(path, sample)]
    splits = {split: [path for path in files if path not in others] for split, files in splits.items()}
    times = [column for column in columns if column is not target.column and guesses[column.name].reason == TIME]
    # Of a sample, the number of all rows is not known, and nothing is said of batches.
    whole_train = sample.table.num_rows if count == 1 and sample.table.num_rows < rows else None
    seen = f"the first {sample.table.num_rows:,} rows of {first}" + (f" and other files of {count:,}" if count > 1 else "")
    lines = [
        EDITOR_LINE,
        f"# First config for {' '.join(paths)}, drafted from {seen}.",
        "# What was guessed says so: check it, then `winnow run` this file. Paths are seen from where that is called.",
        *(f"# Left out, for its columns are not those of the train files: {path}" for path in others),
        *(f"# {note}" for note in _too_few(target, taken)),
        *_data(sample, splits, target, times),
        *_features(guesses),
        *_selection(len(taken), whole_train),
    ]
    return Draft(
        "\n".join(lines) + "\n",
        (target.column.name, target.why),
        {kind: [name for name in taken if guesses[name].kind == kind] for kind in _WHY},
        _left_out(guesses),
        notes,
    )


def _too_few(label: Label, features: list[str]) -> Iterator[str]:
    """What is too few to select by, in sentences."""
    labelled = label.values[~np.isnan(label.values)]
    positives = int(labelled.sum())
    fewest, name = min((positives, "positives"), (len(labelled) - positives, "negatives"))
    if fewest < _FEW_LABELS:
        rows = f"{fewest:,} {name} in {len(labelled):,} rows of the sample"
        yield f"few labels: {rows}; below {_FEW_LABELS}, figures and picks are mostly chance"
    if len(features) < _FEW_FEATURES:
        can_be = "1 column can be a feature" if len(features) == 1 else f"{len(features)} columns can be features"
        yield f"nothing to select: only {can_be} ({', '.join(features)})"


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


def _data(sample: Sample, splits: dict[str, list[str]], label: Label, times: list[Column]) -> Iterator[str]:
    """The lines of `data:`."""
    yield "data:"
    yield f"  format: {sample.data.format}"
    for split, files in splits.items():
        if files:
            others = [path for name in splits if name != split for path in splits[name]]
            yield from wrapped(f"  {split}: [", [scalar(path) for path in _glob(files, others)], "]")
    # Of how files are written, a config needs to say what differs from the defaults only.
    if not sample.data.header:
        yield "  header: false  # guessed: the first row looks like values"
        yield from wrapped("  columns: [", [scalar(name) for name in sample.table.column_names], "]")
    if sample.data.separator not in ",\t":
        yield f"  delimiter: {scalar(sample.data.separator)}"
    if sample.data.quoted == "multiline":
        yield "  quoted: multiline  # guessed: quoted cells hold newlines; one worker reads a whole file"
    if sample.data.encoding != "utf-8":
        yield f"  encoding: {sample.data.encoding}  # guessed: most texts are not UTF-8"
    if sample.missing:
        yield f"  missing: [{', '.join(map(scalar, sample.missing))}]  # guessed: these stand for no value"
    if sample.bad_rows:
        yield f"  # {sample.bad_rows:,} rows of the sample had other numbers of cells or open quotes: see max_bad_ratio, quoted"
    yield from _label(label)
    # A split that has files takes no rows of the train files.
    shares = [f"{name}: {0.0 if splits[name] else 0.1}" for name in ("validation", "test")]
    yield f"  split: {{by: row, {', '.join(shares)}}}  # of the train files, drawn by row"
    for column in times[:1] if not splits["test"] else []:
        yield f"  # To test on the latest rows: {_split_by_time(column)}"


def _label(label: Label) -> Iterator[str]:
    ones = float(np.nanmean(label.values))
    yield f"  label: {scalar(label.column.name)}  # {label.why}; {ones:.1%} are 1"
    if label.positive:
        yield f"  positive: [{', '.join(map(scalar, label.positive))}]  # guessed: these mean 1; all others mean 0"
    if label.unlabelled:
        yield f"  unlabelled: skip  # {label.unlabelled:,} of {len(label.values):,} rows of the sample have no label yet"


def _split_by_time(column: Column) -> str:
    """A split by time, with bounds of the sample; of days as rough as the sample's, a single one."""
    times = column.times
    bounds = [times.bound(share) for share in (_VALIDATION_FROM, _TEST_FROM)] if times else []
    start = f"split: {{by: time, column: {scalar(column.name)}"
    known = [bound for bound in bounds if bound is not None]
    if times is None or not known:
        return f"{start}, test_from: ...}}"
    fields = {"validation_from": known[0]} if known[0] < known[-1] else {}
    fields["test_from"] = known[-1]
    written = "".join(f", {field}: {scalar(times.written(bound))}" for field, bound in fields.items())
    order = ", day_first: true" if times.day_first else ""
    return f"{start}{written}{order}}}  # {_TEST_FROM:.0%} of the sample is before test_from"


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
        facts = [f"{scalar(name)}: {guessed.fact}" for name, guessed in of_kind.items() if guessed.fact]
        yield from wrapped("  #   ", facts[:40], "", "; ", "  #   ")
        for options, names in rules.items():
            rest = "".join(f", {key}: {scalar(value)}" for key, value in options)
            yield from wrapped("  - {match: [", ranges(names), f"], kind: {kind}{rest}}}")
    doubts = [f"{scalar(name)}: {guessed.doubt}" for name, guessed in guesses.items() if guessed.doubt]
    if doubts:
        yield "  # Doubtful: integers may be codes (categorical) or measure something (numeric):"
    yield from (f"  #   {doubt}" for doubt in doubts)
    out = _left_out(guesses)
    if out:
        yield "  # Left out (to bring one back, add it to a rule):"
    for reason, names in out.items():
        yield from wrapped(f"  #   {reason}: ", [scalar(name) for name in names], "", ", ", "  #     ")


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

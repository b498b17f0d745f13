"""The first config for new data, drafted from a sample: `winnow init`."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import yaml

from features.errors import DataError

CRITEO = ["label", *(f"I{number}" for number in range(1, 14)), *(f"C{number}" for number in range(1, 27))]
LABELS = [
    *("label", "click", "is_click", "clicked", "is_clicked", "target"),
    *("converted", "is_converted", "conversion", "y"),
]
# Words of names, in the field's logs: what happens after the recommendation, times, measurements, identifiers.
OUTCOMES = re.compile(
    "label|target|click(ed)?|convert(ed)?|conversion|liked?|follow(ed)?|comment(ed)?|forward(ed)?|shared?|hated?|buy|bought|"
    "purchased?|order(ed)?|cart|pay|paid|install(ed)?|view(ed)?|watch(ed)?|play(ed)?|finish(ed)?|collect(ed)?|subscribed?|"
    "skip(ped)?|enter(ed)?|return(ed)?|churn(ed)?|dwell|rating"
)
TIMES = re.compile("time|timestamp|ts|date|datetime|day|dt")
COUNTS = re.compile(
    "num|counts?|cnt|days|age|duration|price|amount|total|qty|quantity|freq|frequency|len|length|score|sum|avg|mean|ratio|rate"
)
IDS = re.compile("ids?|key|uuid|guid|hash|index|idx|code|zip|zipcode")
MARKERS = ["NA", "N/A", "NULL", "null", "None", "nan", "NaN", "\\N", "?"]  # seen in the wild for "no value"

_HEAD = 32 << 20  # bytes of a delimited file that are looked at
_LISTED = 8  # more files of a split than this are written as a glob
_FEW = 50  # integers with no more values than this are taken for codes
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"
_SUFFIX = re.compile(r"\.(tsv|txt|csv|parquet|pq)(\.(gz|bz2|zst))?$")
# What an integer that counts time looks like: yyyymmdd, or seconds, milliseconds and microseconds since 1970.
_EPOCHS = [(19_700_101, 21_000_101), (5e8, 5e9), (5e11, 5e12), (5e14, 5e15)]


@dataclasses.dataclass(frozen=True)
class Sample:
    """The first rows of a data set, and what had to be found out to read them."""

    table: pa.Table
    format: str
    header: bool = True
    delimiter: str = ","
    missing: tuple[str, ...] = ()
    bad_rows: int = 0


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the sample."""

    name: str
    array: pa.Array

    @functools.cached_property
    def values(self) -> pa.Array:
        """The distinct values; of a list column, those of its elements."""
        array = self.array.flatten() if self.is_list else self.array
        try:
            return pc.drop_null(array.unique())
        except pa.ArrowNotImplementedError:  # structs, maps, lists of lists: said to be unsupported by `guess`
            return pc.drop_null(array)

    @functools.cached_property
    def numbers(self) -> npt.NDArray[np.float64] | None:
        """The distinct values as sorted numbers, where they are numbers."""
        kind = self.values.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            return None
        return np.sort(self.values.to_numpy(zero_copy_only=False).astype(np.float64))

    @property
    def is_list(self) -> bool:
        kind = self.array.type
        return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))

    @property
    def is_text(self) -> bool:
        return bool(pa.types.is_string(self.values.type) or pa.types.is_large_string(self.values.type))

    @property
    def is_binary(self) -> bool:
        """Whether the values are 0 and 1, both."""
        return not self.is_list and self.numbers is not None and self.numbers.tolist() == [0.0, 1.0]

    def named(self, words: re.Pattern[str]) -> bool:
        """Whether one of the words that the name is made of (`isClick` and `is_click` have two) is one of these."""
        return any(words.fullmatch(word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", self.name))

    @property
    def is_outcome(self) -> bool:
        """Whether this looks like something that is known only after the recommendation was shown."""
        return self.named(OUTCOMES) and (self.is_binary or self.named(re.compile("rating|dwell")))

    @property
    def is_time(self) -> bool:
        if pa.types.is_temporal(self.values.type) or not len(self.values):
            return len(self.values) > 0
        if self.is_text:
            return bool(pc.all(pc.match_substring_regex(self.values, _ISO_TIME)).as_py())
        if self.numbers is None or not self.named(TIMES):
            return False
        return any(low <= self.numbers[0] and self.numbers[-1] <= high for low, high in _EPOCHS)

    @property
    def is_row_id(self) -> bool:
        """Whether nearly every row has a value of its own that says nothing of other rows."""
        if len(self.values) <= 0.9 * max(len(self.array) - self.array.null_count, 1) or len(self.array) < 20:
            return False
        if self.is_text or self.named(IDS):
            return True
        numbers = self.numbers
        running = numbers is not None and numbers[-1] - numbers[0] < 2 * len(numbers)
        return bool(running and pa.types.is_integer(self.values.type))

    @property
    def is_count(self) -> bool:
        """A guess at whether integers measure something: by name, or many small values and a long tail."""
        assert self.numbers is not None
        if self.named(IDS):
            return False
        if self.named(COUNTS):
            return True
        middle = float(np.median(self.numbers))
        return bool(-10 <= self.numbers[0] <= 10 and self.numbers[-1] > 3 * max(middle, 1.0))

    @property
    def separator(self) -> str | None:
        """The delimiter of texts that are lists: splitting by it must leave fewer distinct values, and no brackets."""
        if not self.is_text or pc.any(pc.match_substring_regex(self.values, r"[\[\](){}]")).as_py():
            return None
        for mark in "|;,":
            parts = pc.split_pattern(self.values, mark)
            split = int(pc.sum(pc.greater(pc.list_value_length(parts), 1)).as_py() or 0)
            if split >= 0.2 * len(self.values) and len(parts.flatten().unique()) < 0.8 * len(self.values):
                return mark
        return None


@dataclasses.dataclass(frozen=True)
class Guess:
    """What is to become of a column: a feature of some kind, or, where kind is None, left out for `reason`."""

    kind: str | None
    reason: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    fact: str = ""


def draft(paths: list[str], label: str | None = None, rows: int = 100_000) -> str:
    """Looks at a sample of the data and writes a first config for it, as YAML with comments.

    Args:
      paths: files, folders or globs of any Beam filesystem; delimited text (also compressed) or Parquet. Files whose
        names hold `test`, or `valid`, `val` or `dev`, become those splits.
      label: the label column, where it should not be guessed.
      rows: how many rows to look at.

    Raises:
      DataError: no such files, nothing in them, not readable, or no column that can be the label.
    """
    splits = _files(paths)
    first = splits["train"][0]
    sample = read(first, rows)
    columns = [Column(name, _whole(sample.table[name])) for name in sample.table.column_names]
    target, why = _label(first, columns, label)
    guesses = {column.name: guess(column) for column in columns if column is not target}
    if not any(found.kind for found in guesses.values()):
        raise DataError(f"{first}: no column besides the label can be a feature; winnow needs columns that vary")
    others = [path for path in splits["validation"] + splits["test"] if not _alike(path, sample)]
    splits = {split: [path for path in files if path not in others] for split, files in splits.items()}
    times = [column for column in columns if column is not target and column.is_time]
    lines = [
        f"# First config for {' '.join(paths)}, drafted from the first {sample.table.num_rows:,} rows of {first}.",
        "# What was guessed says so: check it, then `winnow run` this file.",
        *(f"# Left out, for its columns are not those of the train files: {path}" for path in others),
        *_data(sample, splits, target, why, times),
        *_features(guesses),
        "selection:",
        f"  budget: {{features: {max(1, round(sum(bool(found.kind) for found in guesses.values()) / 3))}}}"
        "  # a third of them, to begin with",
    ]
    return "\n".join(lines) + "\n"


def read(path: str, rows: int) -> Sample:
    """Reads the first rows of a file: Parquet by its magic bytes, else delimited text with what it seems to hold.

    Raises:
      DataError: the file cannot be read or has no rows.
    """
    from apache_beam.io.filesystem import CompressionTypes  # Beam takes seconds to import
    from apache_beam.io.filesystems import FileSystems

    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
            if stream.read(4) == b"PAR1":
                stream.seek(0)
                return Sample(_parquet(path, stream, rows), "parquet")
        with FileSystems.open(path) as stream:
            head = stream.read(_HEAD)
            return _delimited(path, head, len(head) < _HEAD, rows)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def guess(column: Column) -> Guess:
    """Decides what a column is to become, by its type, its values and its name."""
    distinct = len(column.values)
    if distinct + (column.array.null_count > 0) <= 1:
        return Guess(None, "constant: one value in every row")
    if column.is_outcome:
        return Guess(None, "possible leak: looks like an outcome, known only after the label's moment")
    if column.is_time:
        return Guess(None, "time: later rows have values never seen before; better to split by")
    if column.is_list:
        return _list(column)
    if column.is_row_id:
        return Guess(None, "nearly one value a row: an id of the row, or free text")
    if column.is_text:
        mark = column.separator
        return Guess("multivalued", options=(("separator", mark),)) if mark else Guess("categorical")
    if column.numbers is None:
        return Guess(None, f"values of type {column.values.type} are not supported")
    fact = f"{distinct:,} values, {_figure(column.numbers[0])} to {_figure(column.numbers[-1])}"
    if pa.types.is_floating(column.values.type):
        return Guess("numeric", fact=fact)
    return Guess("numeric", fact=fact) if distinct > _FEW and column.is_count else Guess("categorical")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _list(column: Column) -> Guess:
    if not pa.types.is_floating(column.values.type):
        usable = column.is_text or pa.types.is_integer(column.values.type)
        return Guess("multivalued") if usable else Guess(None, f"{column.array.type} is not supported")
    lengths = pc.list_value_length(column.array).unique().drop_null()
    if len(lengths) != 1:
        return Guess(None, "lists of floats of differing lengths: a dense feature has one width")
    return Guess("dense", options=(("width", lengths[0].as_py()),))


def _files(paths: list[str]) -> dict[str, list[str]]:
    """The files of each split."""
    from apache_beam.io.filesystems import FileSystems

    splits: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for path in paths:
        try:
            found = [] if Path(path).is_dir() else FileSystems.match([path])[0].metadata_list
            inside = found or FileSystems.match([path.rstrip("/") + "/**"])[0].metadata_list
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be looked up: {error}") from None
        files = [each for each in inside if found or _SUFFIX.search(each.path)]
        if not files:
            raise DataError(f"{path}: no such file, or a folder without .csv, .tsv, .txt or .parquet files")
        if not any(each.size_in_bytes for each in files):
            raise DataError(f"{path}: empty; winnow needs rows to look at")
        for each in sorted(files, key=lambda each: each.path):
            splits[_split(each.path)] += [each.path] if each.size_in_bytes else []
    if not splits["train"]:
        splits["train"], splits["test"] = splits["test"] or splits["validation"], []
        splits["validation"] = [path for path in splits["validation"] if path not in splits["train"]]
    return splits


def _split(path: str) -> str:
    words = set(re.split(r"[^a-z]+", path.rsplit("/", 1)[-1].lower()))
    return "test" if "test" in words else "validation" if words & {"valid", "validation", "val", "dev"} else "train"


def _alike(path: str, sample: Sample) -> bool:
    """Whether a file has the train files' columns: Kaggle's test files, for one, have no label."""
    other = read(path, 100).table.column_names
    return set(other) == set(sample.table.column_names)


def _parquet(path: str, stream: BinaryIO, rows: int) -> pa.Table:
    file = pq.ParquetFile(stream)
    batches, count = [], 0
    for batch in file.iter_batches(min(rows, 1 << 16)):
        batches.append(batch)
        count += batch.num_rows
        if count >= rows:
            break
    if not count:
        raise DataError(f"{path}: has no rows; winnow needs some to look at")
    return pa.Table.from_batches(batches).slice(0, rows)


def _delimited(path: str, head: bytes, whole: bool, rows: int) -> Sample:
    """Reads delimited text as texts first: types are better decided over all values than block by block."""
    data = head if whole else head[: head.rfind(b"\n") + 1]
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    data = data[: int(ends[rows]) + 1] if len(ends) > rows else data
    lines = [line.rstrip("\r") for line in data[:1_000_000].decode("utf-8-sig", "ignore").split("\n")[:1000]]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path}: empty; winnow needs rows to look at")
    delimiter = _delimiter(path, lines[:200])
    cells = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    header = _header(cells)
    names = cells[0] if header else _names(cells)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: row 1 names column {twice[0]!r} twice; give every column a name of its own")
    bad: list[pyarrow.csv.InvalidRow] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    table = pyarrow.csv.read_csv(
        io.BytesIO(data),
        pyarrow.csv.ReadOptions(column_names=names, skip_rows=int(header)),
        pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip),
        pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]),
    )
    if not table.num_rows:
        raise DataError(f"{path}: has no rows below its header; winnow needs some to look at")
    arrays = [_whole(column) for column in table.slice(0, rows).columns]
    missing = tuple(mark for mark in MARKERS if any(_marks(array, mark) for array in arrays))
    typed = [_typed(array, pa.array(missing, pa.string())) for array in arrays]
    form = "tsv" if delimiter == "\t" else "csv"
    return Sample(pa.table(typed, names=names), form, header, delimiter, missing, len(bad))


def _delimiter(path: str, lines: list[str]) -> str:
    """The mark that divides nearly all lines, the first among them, into the same number of cells."""
    for mark in "\t,;|":
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        width, count = Counter(widths).most_common(1)[0]
        if width > 1 and widths[0] == width and count >= 0.9 * len(widths):
            return mark
    raise DataError(f"{path}: lines are not divided alike by tab, comma, semicolon or |; is this delimited text?")


def _header(cells: list[list[str]]) -> bool:
    """Names are all there, are no numbers, and do not come again as values of their column."""
    first, rest = cells[0], cells[1:]
    if any(not cell.strip() or _is_number(cell) for cell in first):
        return False
    return not any(cell == name for row in rest for name, cell in zip(first, row, strict=False))


def _names(cells: list[list[str]]) -> list[str]:
    """Names for the columns of a file without a header; 40 columns with a 0/1 in front are Criteo's."""
    width = Counter(map(len, cells)).most_common(1)[0][0]
    front = {row[0] for row in cells if row}
    return CRITEO if width == len(CRITEO) and front <= {"0", "1"} else [f"column{place}" for place in range(width)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _marks(array: pa.Array, mark: str) -> bool:
    """Whether a text stands for "no value" here: it occurs, and not alone."""
    values = array.unique().drop_null()
    return len(values) > 1 and bool(pc.any(pc.equal(values, mark)).as_py())


def _typed(array: pa.Array, missing: pa.Array) -> pa.Array:
    """Texts as integers or floats where all are; codes with leading zeros, or too long to be integers, stay texts."""
    coded = array.dictionary_encode()
    values = pc.if_else(pc.is_in(coded.dictionary, missing), None, coded.dictionary)
    if not pc.any(pc.match_substring_regex(values, r"^[+-]?(0\d|\d{19})")).as_py():
        for kind in (pa.int64(), pa.float64()):
            try:
                values = values.cast(kind)
                break
            except pa.ArrowInvalid:
                continue
    return _plain(values.take(coded.indices))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return _plain(array.chunk(0) if isinstance(array, pa.ChunkedArray) else array)


def _plain(array: pa.Array) -> pa.Array:
    """Without dictionaries, NaN and decimals; floats that only stand for integers with gaps become integers."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
        whole = pc.and_(pc.is_finite(array), pc.equal(pc.round(array), array))
        if array.null_count and pc.all(whole, min_count=1).as_py():
            array = array.cast(pa.int64(), safe=False)
    return array


def _label(path: str, columns: list[Column], asked: str | None) -> tuple[Column, str]:
    """The label column, and why it was taken."""
    if asked is not None:
        found = [column for column in columns if column.name == asked]
        if not found:
            raise DataError(f"{path}: --label {asked}: no such column; there are {_listed([c.name for c in columns])}")
        if not found[0].is_binary:
            values = _listed([str(value) for value in found[0].values[:5].to_pylist()])
            raise DataError(f"{path}: --label {asked}: values must be 0 and 1, both; found {values}")
        return found[0], "as asked"
    candidates = [column for column in columns if column.is_binary]
    by_name = {column.name.lower(): column for column in reversed(candidates)}
    for name in LABELS:
        if name in by_name:
            return by_name[name], "guessed: values 0 and 1, and named like a label"
    outcomes = [column for column in candidates if column.is_outcome] or candidates
    if len(outcomes) == 1:
        return outcomes[0], "guessed: the only column of values 0 and 1 that may be it"
    if outcomes:
        names = _listed([column.name for column in outcomes])
        raise DataError(f"{path}: several columns may be the label ({names}); name it with --label")
    raise DataError(f"{path}: no column has the values 0 and 1; make such a label (rating >= 4, say) for --label")


def _data(sample: Sample, splits: dict[str, list[str]], label: Column, why: str, times: list[Column]) -> Iterator[str]:
    """The lines of `data:`."""
    yield "data:"
    yield f"  format: {sample.format}"
    for split, files in splits.items():
        if files:
            others = [path for name in splits if name != split for path in splits[name]]
            yield from _wrapped(f"  {split}: [", [_scalar(path) for path in _glob(files, others)], "]")
    if not sample.header:
        yield "  header: false  # guessed: the first row looks like values"
        yield from _wrapped("  columns: [", [_scalar(name) for name in sample.table.column_names], "]")
    if sample.delimiter not in ",\t":
        yield f"  delimiter: {_scalar(sample.delimiter)}"
    if sample.missing:
        yield f"  missing: [{', '.join(map(_scalar, sample.missing))}]  # guessed: these stand for no value"
    if sample.bad_rows:
        yield f"  # {sample.bad_rows:,} rows of the sample had another number of cells: see max_bad_ratio"
    ones = float(pc.mean(pc.cast(label.array, pa.float64())).as_py())
    yield f"  label: {_scalar(label.name)}  # {why}; {ones:.1%} are 1"
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
        rules: dict[tuple[tuple[str, Any], ...], list[str]] = {}
        for name, found in guesses.items():
            if found.kind == kind:
                rules.setdefault(found.options, []).append(name)
        if rules:
            yield f"  # {kind}: {why}"
        facts = [f"{_scalar(name)}: {found.fact}" for name, found in guesses.items() if found.kind == kind and found.fact]
        yield from _wrapped("  #   ", facts[:40], "", "; ", "  #   ")
        for options, names in rules.items():
            rest = "".join(f", {key}: {_scalar(value)}" for key, value in options)
            yield from _wrapped("  - {match: [", _ranges(names), f"], kind: {kind}{rest}}}")
    out: dict[str, list[str]] = {}
    for name, found in guesses.items():
        if not found.kind:
            out.setdefault(found.reason, []).append(name)
    if out:
        yield "  # Left out (to bring one back, add it to a rule):"
    for reason, names in out.items():
        yield from _wrapped(f"  #   {reason}: ", [_scalar(name) for name in names], "", ", ", "  #     ")


def _ranges(names: list[str]) -> list[str]:
    """Names as patterns: runs of three or more numbered ones as `I1..I13`."""

    def key(item: tuple[int, str]) -> tuple[str, int | None]:
        place, name = item
        part = re.fullmatch(r"([^*?\[]*[^*?\[\d]|)(0|[1-9]\d*)", name)
        return (part[1], int(part[2]) - place) if part else (name, None)

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
    for place, item in enumerate(pieces):
        piece = item + (mark if place < len(pieces) - 1 else end)
        if len(line) + len(piece.rstrip()) > width and line not in (start, indent):
            yield line.rstrip()
            line = " " * len(start) if indent is None else indent
        line += piece
    if pieces:
        yield line


def _scalar(value: Any) -> str:
    """A text or number as it must be written inside a YAML list."""
    if isinstance(value, str) and (not re.fullmatch(r"[\w./][\w./ -]*", value) or yaml.safe_load(value) != value):
        return json.dumps(value)
    return str(value)


def _listed(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

"""The demo's data: Criteo-format logs whose informative features are known, so that a selection can be marked."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from features.errors import DataError
from models.metrics import exact_auc

Floats = npt.NDArray[np.float64]

NUMERICS = [f"I{number}" for number in range(1, 14)]
CATEGORICALS = [f"C{number}" for number in range(1, 27)]
COLUMNS = ["label", *NUMERICS, *CATEGORICALS]

POSITIVES = 0.25
# Standard deviations of the effects, in logits: of single features, and of pairs (a product of two signs).
STRENGTH = {"I2": 0.36, "I6": 0.36, "I11": 0.36, "C2": 0.36, "C6": 0.36, "C10": 0.36, "C17": 0.38, "C23": 0.38}
PAIRS = {("C9", "C14"): 1.0}
COPIES = {"I8": "I2", "C5": "C2", "C20": "C17"}  # copy: original
ALIKE = 0.92  # share of rows in which a copy repeats its original
SIZES = dict(zip(CATEGORICALS, [
    1200, 40, 20000, 8000, 40, 100, 15, 5000, 10, 200, 700, 12000, 3000,
    12, 25, 9000, 400, 2500, 1500, 400, 60, 18, 500, 30, 6000, 90,
], strict=True))  # fmt: skip

_VERSION = 1  # of the recipe: data made by another one are made again
_BLOCK = 250_000  # rows made and written at a time


@dataclasses.dataclass(frozen=True)
class Truth:
    """What was planted, as `truth.json` keeps it.

    informative: features the label depends on, pair members included. pairs: features without effect alone, strong
    together. copies: {copy: original}.
    positives, bayes_auc: the share of ones, and the AUC of the true
    probabilities, on the test rows (the last block of 250,000 of them).
    """

    rows: int
    seed: int
    version: int
    informative: list[str]
    pairs: list[list[str]]
    copies: dict[str, str]
    positives: float
    bayes_auc: float


@dataclasses.dataclass(frozen=True)
class Finding:
    """Which planted features a selection kept; `str()` says it in words.

    kept: found themselves. stood_in: {original: its copy kept instead}. repeated: copies kept beside their original.
    """

    planted: list[str]
    kept: list[str]
    stood_in: dict[str, str]
    missed: list[str]
    repeated: list[str]
    noise: list[str]

    @property
    def found(self) -> int:
        """Planted features kept, themselves or by a copy."""
        return len(self.planted) - len(self.missed)

    def __str__(self) -> str:
        lines = [f"{self.found} of {len(self.planted)} planted features kept: {_names(self.kept)}"]
        lines += [f"{copy} kept instead of {original}, whose copy it is" for original, copy in self.stood_in.items()]
        for title, names in (
            ("missed", self.missed),
            ("copies kept beside their original", self.repeated),
            ("noise kept", self.noise),
        ):
            lines += [f"{title}: {_names(names)}"] if names else []
        return "\n".join(lines)


def generate(folder: Path, rows: int = 200_000, seed: int = 1) -> Truth:
    """Writes `train.tsv` (`rows` rows), `test.tsv` (a quarter of that) and `truth.json`, unless they are there already.

    The format is Criteo's: no header, tab-separated label, I1..I13 (integers) and C1..C26 (8 hexadecimal digits), empty
    where missing. Files are written aside and renamed, `truth.json` last: where it is, the data are whole.

    Raises:
      DataError: `rows` is not positive.
    """
    if rows < 1:
        raise DataError(f"{folder}: {rows} rows of demo data asked for; ask for at least 1")
    made = _read(folder)
    if made and (made.rows, made.seed, made.version) == (rows, seed, _VERSION):
        return made
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.json").unlink(missing_ok=True)
    world, train, test = np.random.SeedSequence(seed).spawn(3)
    recipe = _Recipe(np.random.default_rng(world))
    _write(folder / "train.tsv", recipe, rows, train)
    logits, labels = _write(folder / "test.tsv", recipe, -(-rows // 4), test)
    truth = Truth(
        rows=rows,
        seed=seed,
        version=_VERSION,
        informative=sorted([*STRENGTH, *(name for pair in PAIRS for name in pair)], key=COLUMNS.index),
        pairs=[list(pair) for pair in PAIRS],
        copies=COPIES,
        positives=float(labels.mean()),
        bayes_auc=exact_auc(logits, labels) if 0 < labels.sum() < len(labels) else 0.5,
    )
    aside = folder / f"truth.json.{os.getpid()}.part"
    aside.write_text(json.dumps(dataclasses.asdict(truth), indent=2) + "\n")
    aside.replace(folder / "truth.json")
    return truth


def compare(truth: Truth, kept: Iterable[str]) -> Finding:
    """Says which planted features are among the `kept` names; a copy counts as its original where that was not kept."""
    names = list(kept)
    copies = {truth.copies[name]: name for name in reversed(names) if name in truth.copies}
    stood_in = {original: copy for original, copy in copies.items() if original not in names}
    return Finding(
        planted=truth.informative,
        kept=[name for name in names if name in truth.informative],
        stood_in=stood_in,
        missed=[name for name in truth.informative if name not in names and name not in stood_in],
        repeated=[name for name in names if name in truth.copies and name not in stood_in.values()],
        noise=[name for name in names if name not in truth.informative and name not in truth.copies],
    )


class _Recipe:
    """The world the rows are drawn from: vocabularies, distributions and effects, the same for train and test."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.shapes = {name: (rng.uniform(1.5, 4.0), rng.uniform(0.8, 1.4)) for name in NUMERICS}  # of the logarithm
        self.missing = {name: rng.choice([0.0, 0.05, 0.2, 0.45]) for name in COLUMNS[1:]}
        # A gap in an informative feature is lost signal; one in a pair would give its members an effect of their own.
        self.missing |= dict.fromkeys([*STRENGTH, *COPIES], 0.03) | {name: 0.0 for pair in PAIRS for name in pair}
        self.tokens = {name: _tokens(rng, size) for name, size in SIZES.items()}
        self.tokens |= {copy: self.tokens[name] for copy, name in COPIES.items() if name in SIZES}
        self.shares = {name: _zipf(size, rng.uniform(0.9, 1.2)) for name, size in SIZES.items()}
        for name in (name for pair in PAIRS for name in pair):
            # Neighbouring ids are equally frequent and opposite in sign: the signs' mean, so any marginal effect, is 0.
            self.shares[name] = np.repeat(_zipf(SIZES[name] // 2, 0.7), 2) / 2
        self.effects = {name: _effects(rng, self.shares[name]) for name in STRENGTH if name in SIZES}
        self.base = self._base(rng)

    def _base(self, rng: np.random.Generator) -> float:
        """The intercept that gives the wanted share of positives, by bisection."""
        logits = self._logits(self._values(rng, 200_000))
        low, high = -10.0, 10.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if _sigmoid(logits + middle).mean() > POSITIVES else (middle, high)
        return low

    def draw(self, rng: np.random.Generator, rows: int) -> tuple[pa.Table, Floats, npt.NDArray[np.bool_]]:
        """`rows` rows as a table of `COLUMNS`, with their true logits and labels, both of shape (rows,)."""
        values = self._values(rng, rows)
        logits = self._logits(values) + self.base
        labels = rng.random(rows) < _sigmoid(logits)
        arrays = [pa.array(labels.astype(np.int8))]
        for name in COLUMNS[1:]:
            column = pa.array(values[name], mask=values[name] < 0)
            arrays.append(self.tokens[name].take(column) if name in SIZES else column)
        return pa.table(arrays, names=COLUMNS), logits, labels

    def _values(self, rng: np.random.Generator, rows: int) -> dict[str, npt.NDArray[np.int64]]:
        """Counts, or positions in the vocabulary, of each feature; -1 where missing."""
        values = {}
        for name in COLUMNS[1:]:
            if name in SIZES:
                ids = np.searchsorted(np.cumsum(self.shares[name]), rng.random(rows))
                values[name] = np.minimum(ids, SIZES[name] - 1)  # the shares' sum may round to below 1
            else:
                values[name] = np.floor(np.exp(rng.normal(*self.shapes[name], rows))).astype(np.int64)
            values[name][rng.random(rows) < self.missing[name]] = -1
        for copy, original in COPIES.items():
            other = rng.permutation(values[original])  # where a copy differs, it is as good as drawn anew
            values[copy] = np.where(rng.random(rows) < ALIKE, values[original], other)
        return values

    def _logits(self, values: dict[str, npt.NDArray[np.int64]]) -> Floats:
        """The sum of all planted effects, without the intercept; a missing value has none."""
        total = np.zeros(len(values["I1"]))
        for name, strength in STRENGTH.items():
            effect = self.effects[name][values[name]] if name in SIZES else self._curve(name, values[name])
            total += strength * np.where(values[name] < 0, 0.0, effect)
        for (left, right), strength in PAIRS.items():
            total += strength * (1.0 - 2.0 * ((values[left] + values[right]) % 2))
        return total

    def _curve(self, name: str, counts: npt.NDArray[np.int64]) -> Floats:
        """The effect of a count: rising in its logarithm, or, for I11, a hump that no straight line finds."""
        mean, deviation = self.shapes[name]
        z = (np.log(np.maximum(counts, 0) + 0.5) - mean) / deviation
        return 1.4 * (1.0 - np.minimum(z * z, 4.0)) if name == "I11" else np.clip(z, -2.5, 2.5)


def _write(path: Path, recipe: _Recipe, rows: int, seeds: np.random.SeedSequence) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Writes `rows` rows block by block, and gives the last block's logits and labels."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    sizes = [min(_BLOCK, rows - start) for start in range(0, rows, _BLOCK)]
    options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    writer: Any = None
    for size, seed in zip(sizes, seeds.spawn(len(sizes)), strict=True):
        table, logits, labels = recipe.draw(np.random.default_rng(seed), size)
        writer = writer or csv.CSVWriter(aside, table.schema, write_options=options)
        writer.write_table(table)
    writer.close()
    aside.replace(path)
    return logits, labels


def _read(folder: Path) -> Truth | None:
    """The truth of data made before, if they are whole and of a form this version knows."""
    try:
        truth = Truth(**json.loads((folder / "truth.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return truth if all((folder / name).exists() for name in ("train.tsv", "test.tsv")) else None


def _tokens(rng: np.random.Generator, size: int) -> pa.Array:
    """Distinct tokens of 8 hexadecimal digits."""
    digits = rng.choice(2**32, size, replace=False).astype(">u4").tobytes().hex()
    return pa.array(np.frombuffer(digits.encode(), "S8").astype("U8"))


def _zipf(size: int, exponent: float) -> Floats:
    """Shares of `size` values by Zipf's law, most frequent first."""
    weights = np.arange(1.0, size + 1) ** -exponent
    return weights / weights.sum()


def _effects(rng: np.random.Generator, shares: Floats) -> Floats:
    """An effect for each value, of mean 0 and standard deviation 1 over the rows."""
    effects = rng.choice([-1.0, 1.0], len(shares)) * rng.uniform(0.6, 1.4, len(shares))
    effects -= shares @ effects
    return np.asarray(effects / np.sqrt(shares @ effects**2), np.float64)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"

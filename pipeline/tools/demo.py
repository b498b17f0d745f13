"""The demo's data: Criteo-format logs whose informative features are known, so that a selection can be marked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import csv

from features.document import Document
from features.errors import DataError
from models.metrics import exact_auc
from pipeline.tools.demo_recipe import COLUMNS, COPIES, PAIRS, STRENGTH, Floats, Recipe

TRAIN_FILE, TEST_FILE, TRUTH_FILE = "train.tsv", "test.tsv", "truth.json"
_VERSION = 1  # of the recipe: data made by another one are made again
_BLOCK = 250_000  # rows made and written at a time


class Truth(Document):
    """What was planted: `truth.json`.

    Attributes:
      rows: of the train file.
      seed: of the draw.
      version: of the recipe.
      informative: features the label depends on, members of pairs included.
      pairs: features without effect alone, strong together.
      copies: the original of each copy.
      positives: share of ones in the test rows, or in the last block of 250,000 of them.
      bayes_auc: AUC of the true probabilities on these rows.
    """

    rows: int
    seed: int
    version: int
    informative: list[str]
    pairs: list[list[str]]
    copies: dict[str, str]
    positives: float
    bayes_auc: float


@dataclass(frozen=True)
class Marks:
    """How a selection compares with the truth; `str()` says it in words.

    Attributes:
      planted: informative features.
      kept: those that were kept themselves.
      stood_in: the copy that was kept in place of each original.
      missed: planted features of which neither was kept.
      repeated: copies kept beside their original.
      noise: kept features without any effect.
    """

    planted: list[str]
    kept: list[str]
    stood_in: dict[str, str]
    missed: list[str]
    repeated: list[str]
    noise: list[str]

    @property
    def recovered(self) -> int:
        """Planted features kept, themselves or by a copy."""
        return len(self.planted) - len(self.missed)

    def __str__(self) -> str:
        lines = [f"{self.recovered} of {len(self.planted)} planted features kept: {_listed(self.kept)}"]
        lines += [f"{copy} kept instead of {original}, whose copy it is" for original, copy in self.stood_in.items()]
        others = {
            "missed": self.missed,
            "copies kept beside their original": self.repeated,
            "noise kept": self.noise,
        }
        return "\n".join([*lines, *(f"{title}: {_listed(names)}" for title, names in others.items() if names)])


def mark(truth: Truth, kept: Iterable[str]) -> Marks:
    """Says which planted features are among the `kept` names; a copy counts as its original where that was not kept."""
    names = list(kept)
    copies = {truth.copies[name]: name for name in reversed(names) if name in truth.copies}
    # A copy in its original's place is as good a pick; beside it, it is a wasted one.
    stood_in = {original: copy for original, copy in copies.items() if original not in names}
    return Marks(
        planted=truth.informative,
        kept=[name for name in names if name in truth.informative],
        stood_in=stood_in,
        missed=[name for name in truth.informative if name not in names and name not in stood_in],
        repeated=[name for name in names if name in truth.copies and name not in stood_in.values()],
        noise=[name for name in names if name not in truth.informative and name not in truth.copies],
    )


def generate(folder: Path, rows: int = 200_000, seed: int = 1) -> Truth:
    """Writes `train.tsv` (`rows` rows), `test.tsv` (a quarter of that) and `truth.json`, unless they are there already.

    The format is Criteo's: no header, tab-separated label, I1..I13 (integers) and C1..C26 (8 hexadecimal digits), empty
    where missing. Files are written aside and renamed, `truth.json` last: where it is, the data are whole.

    Raises:
      DataError: `rows` is not positive.
    """
    if rows < 1:
        raise DataError(f"{folder}: {rows} rows of demo data asked for; ask for at least 1")
    earlier = _read(folder)
    if earlier and (earlier.rows, earlier.seed, earlier.version) == (rows, seed, _VERSION):
        return earlier
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TRUTH_FILE).unlink(missing_ok=True)
    # A stream for each, so that the recipe is the same whatever the number of rows.
    recipe_seed, train_seed, test_seed = np.random.SeedSequence(seed).spawn(3)
    recipe = Recipe(np.random.default_rng(recipe_seed))
    _write(folder / TRAIN_FILE, recipe, rows, train_seed)
    logits, labels = _write(folder / TEST_FILE, recipe, -(-rows // 4), test_seed)
    truth = _truth(rows, seed, logits, labels)
    aside = folder / f"{TRUTH_FILE}.{os.getpid()}.part"
    aside.write_text(truth.to_json())
    aside.replace(folder / TRUTH_FILE)
    return truth


def _truth(rows: int, seed: int, logits: Floats, labels: npt.NDArray[np.bool_]) -> Truth:
    return Truth(
        rows=rows,
        seed=seed,
        version=_VERSION,
        informative=sorted([*STRENGTH, *(name for pair in PAIRS for name in pair)], key=COLUMNS.index),
        pairs=[list(pair) for pair in PAIRS],
        copies=COPIES,
        positives=float(labels.mean()),
        bayes_auc=exact_auc(logits, labels) if 0 < labels.sum() < len(labels) else 0.5,
    )


def _write(path: Path, recipe: Recipe, rows: int, seeds: np.random.SeedSequence) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Writes `rows` rows block by block, and gives the last block's logits and labels."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    sizes = [min(_BLOCK, rows - start) for start in range(0, rows, _BLOCK)]
    options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    writer: Any = None
    for size, seed in zip(sizes, seeds.spawn(len(sizes)), strict=True):
        table, logits, labels = recipe.draw(np.random.default_rng(seed), size)
        # The first block tells the schema.
        writer = writer or csv.CSVWriter(aside, table.schema, write_options=options)
        writer.write_table(table)
    writer.close()
    aside.replace(path)
    return logits, labels


def _read(folder: Path) -> Truth | None:
    """The truth of data made before, if they are whole and of a form this version knows."""
    path = folder / TRUTH_FILE
    try:
        truth = Truth.from_json(path.read_bytes(), str(path))
    except (OSError, DataError):
        return None
    return truth if all((folder / name).exists() for name in (TRAIN_FILE, TEST_FILE)) else None


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"

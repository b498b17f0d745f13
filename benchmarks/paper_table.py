"""Columns of dense data chosen by each method, judged by a new network trained from scratch on the chosen columns alone.

    WINNOW_DATA=FOLDER python benchmarks/paper_table.py --data mnist isolet mice mice_by_mouse allaml --seeds 5

The setting of Yasuda et al., Sequential Attention for Feature Selection, ICLR 2023, table 1: one hidden layer of 67 ReLU
units, k = 50. Mice Protein is filled and scaled by train rows alone and split by rows, as in the paper, and by mouse, which
keeps measurements of one animal together. ALLAML (72 samples of 7,129 genes) has k = 20 and is cross-validated, five folds a
seed, with the choice made inside each fold. Figures are test accuracies, mean and standard deviation over seeds, and the
seconds of one choice.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.feature_selection import f_classif
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedKFold

sys.path.insert(0, str(Path(__file__).parents[1]))

from models.paper.dense import Scaling, fit, predict, select_columns
from models.paper.linear import orthogonal_matching_pursuit

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
FOLDER = Path(os.environ.get("WINNOW_DATA", "../shared/data"))
PUBLISHED = {"mnist": 0.956, "isolet": 0.920, "mice": 0.993}


def mnist(seed: int) -> Iterator[Split]:
    held = _load("mnist")
    yield tuple(held[name] for name in ("x_train", "y_train", "x_test", "y_test"))


def isolet(seed: int) -> Iterator[Split]:
    held = _load("isolet")
    yield tuple(held[name] for name in ("x_train", "y_train", "x_test", "y_test"))


def mice(seed: int) -> Iterator[Split]:
    held = _load("mice_protein")
    yield from _cut(held, ShuffleSplit(1, test_size=0.2, random_state=seed).split(held["x"]))


def mice_by_mouse(seed: int) -> Iterator[Split]:
    held = _load("mice_protein")
    yield from _cut(held, GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(held["x"], groups=held["mouse"]))


def allaml(seed: int) -> Iterator[Split]:
    held = _load("allaml")
    yield from _cut(held, StratifiedKFold(5, shuffle=True, random_state=seed).split(held["x"], held["y"]))


DATA: dict[str, tuple[Callable[[int], Iterator[Split]], int]] = {
    "mnist": (mnist, 50),
    "isolet": (isolet, 50),
    "mice": (mice, 50),
    "mice_by_mouse": (mice_by_mouse, 50),
    "allaml": (allaml, 20),
}


def by_omp(x: np.ndarray, y: np.ndarray, k: int, seed: int) -> list[int]:
    classes = np.eye(y.max() + 1)[y]
    return orthogonal_matching_pursuit(x, classes - classes.mean(0), k)


def by_anova(x: np.ndarray, y: np.ndarray, k: int, seed: int) -> list[int]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.argsort(-np.nan_to_num(f_classif(x, y)[0]), kind="stable")[:k].tolist()


def by_network(method: str) -> Callable[..., list[int]]:
    return lambda x, y, k, seed: select_columns(x, y, k, method, seed=seed)


METHODS: dict[str, Callable[..., list[int]]] = {
    "sequential_attention": by_network("sequential_attention"),
    "lly": by_network("lly"),
    "l1_gate": by_network("l1_gate"),
    "group_lasso": by_network("group_lasso"),
    "omp": by_omp,
    "anova": by_anova,
    "random": by_network("random"),
    "all columns": lambda x, y, k, seed: list(range(x.shape[1])),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    table = Table("method", *(f"{name}, k = {DATA[name][1]}" for name in arguments.data), title="test accuracy")
    found = {name: measure(name, arguments.methods, arguments.seeds) for name in arguments.data}
    for method in arguments.methods:
        table.add_row(method, *(found[name][method] for name in arguments.data))
    table.add_row("published", *(f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else "" for name in arguments.data))
    Console(width=max(100, 24 * (1 + len(arguments.data)))).print(table)


def measure(name: str, methods: list[str], seeds: int) -> dict[str, str]:
    """Of each method: mean and deviation of accuracy over seeds, and seconds a choice."""
    splits, k = DATA[name]
    cells = {}
    for method in methods:
        accuracies, seconds = [], []
        for seed in range(1, seeds + 1):
            right, rows = 0, 0
            for x, y, x_test, y_test in splits(seed):
                scaling = Scaling.of(x)
                x, x_test = scaling(x), scaling(x_test)
                started = time.monotonic()
                columns = METHODS[method](x, y, k, seed)
                seconds.append(time.monotonic() - started)
                right += int((predict(fit(x[:, columns], y, seed=seed), x_test[:, columns]) == y_test).sum())
                rows += len(y_test)
            accuracies.append(right / rows)
        cells[method] = f"{np.mean(accuracies):.4f} ± {np.std(accuracies):.4f} ({np.mean(seconds):.1f} s)"
        print(f"{name}: {method} {cells[method]}", file=sys.stderr, flush=True)
    return cells


def _load(name: str) -> dict[str, Any]:
    path = FOLDER / name / f"{name}.npz"
    if not path.exists():
        raise SystemExit(f"{path}: not there; set WINNOW_DATA to the folder that holds {name}/")
    with np.load(path) as file:
        held = {key: file[key] for key in file.files}
    scale = held.pop("x_scale", np.float32(1))
    return {key: array.astype(np.float32) * scale if key.startswith("x") else array for key, array in held.items()}


def _cut(held: dict[str, Any], splits: Any) -> Iterator[Split]:
    for train, test in splits:
        yield held["x"][train], held["y"][train], held["x"][test], held["y"][test]


if __name__ == "__main__":
    main()

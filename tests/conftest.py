"""Shared fixtures: small generated logs, real data where it is there, and the command line."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

if "PYTEST_XDIST_WORKER" in os.environ:
    # `make test` runs a worker a core, where more threads would only take turns. Operations still run side by side, as
    # replicas on one machine wait for each other.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole runs come before the quick tests of features/: a long file that begins last keeps the other workers waiting."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path, reverse=True)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data."""
    return Path(os.environ.get("WINNOW_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture
def kuairand(data_folder, monkeypatch) -> Path:
    """The folder of KuaiRand-Pure; skips without it."""
    folder = data_folder / "kuairand_pure"
    if not folder.exists():
        pytest.skip(f"no KuaiRand data in {folder}; set WINNOW_DATA")
    monkeypatch.setenv("WINNOW_DATA", str(data_folder))
    return folder


def small_logs(rows: int = 6000, seed: int = 0) -> pa.Table:
    """Two informative columns (`good`, `fine`), one constant, the rest noise; some values are missing."""
    rng = np.random.default_rng(seed)
    good, fine = rng.integers(0, 8, rows), rng.normal(size=rows).astype(np.float32)
    logit = 2.0 * (good % 2) - 1.0 + 1.5 * (fine > 0) - 0.75
    columns = {
        "click": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64),
        "good": pa.array([f"g{value}" for value in good], mask=rng.random(rows) < 0.02),
        "fine": pa.array(fine, mask=rng.random(rows) < 0.02),
        "code": rng.integers(-50, 50, rows),
        "noise": [f"n{value}" for value in rng.integers(0, 30, rows)],
        "number": rng.exponential(size=rows),
        "still": np.full(rows, 7),
    }
    return pa.table(columns)


SMALL_CONFIG = {
    "data": {"format": "parquet", "label": "click", "split": {"by": "row", "validation": 0.1}},
    "features": [
        {"match": ["good", "code", "noise", "still"]},
        {"match": ["fine", "number"], "kind": "numeric", "buckets": 16},
    ],
    "model": {"embedding_width": 4, "cross_layers": 1, "cross_rank": 8, "tower": {"units": [16]}},
    "training": {"batch_size": 128, "table_learning_rate": 0.1},
    "selection": {"budget": {"features": 2}, "batch_size": 64, "epochs": 2},
    "proof": {"seed_count": 2, "bootstrap_samples": 100},
}


@pytest.fixture
def small_job(tmp_path):
    """Writes small logs and a config for them; returns the config's path. Keyword arguments replace its parts."""

    def make(table: pa.Table | None = None, **changes) -> Path:
        pq.write_table(small_logs() if table is None else table, tmp_path / "train.parquet")
        pq.write_table(small_logs(2000, seed=1), tmp_path / "test.parquet")
        files = {"train": str(tmp_path / "train.parquet"), "test": str(tmp_path / "test.parquet")}
        document = {**SMALL_CONFIG, "work_dir": str(tmp_path / "work"), **changes}
        document["data"] = {**files, **document["data"]}
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return make


@pytest.fixture
def winnow(monkeypatch, capsys):
    """Runs a command line in this process; returns its exit code and what it said."""
    from pipeline.cli.app import main

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["winnow", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out + said.err

    return call

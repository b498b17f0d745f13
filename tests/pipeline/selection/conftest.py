"""Configs of a selection without data, and small data preprocessed once for all that search it."""

import pyarrow.parquet as pq
import pytest

from features.config import Config
from pipeline.plan import Plan
from pipeline.runtime.workspace import Workspace
from tests.conftest import SMALL_CONFIG, small_logs


@pytest.fixture
def config_of(tmp_path):
    """A config whose selection has these fields; `label`, `proof` and `model` are parts of their own."""

    def make(label: str = "click", proof: dict | None = None, model: dict | None = None, **selection) -> Config:
        document = {
            "name": "small",
            "work_dir": str(tmp_path / "work"),
            "data": {"format": "parquet", "train": "train.parquet", "label": label},
            "features": [{"match": "*"}],
            "selection": {"budget": {"features": 1}, **selection},
        }
        return Config.model_validate(document | {"proof": proof or {}, "model": model or {}})

    return make


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A work folder in which small logs are preprocessed; a group of `code` and `noise` is one unit."""
    folder = tmp_path_factory.mktemp("small")
    for split, rows, seed in (("train", 3000, 0), ("test", 1000, 1)):
        pq.write_table(small_logs(rows, seed), folder / f"{split}.parquet")
    Plan(small_config(folder)).run(["preprocess"])
    return folder


@pytest.fixture
def small_run(small_folder, tmp_path):
    """A search of the small logs whose selection has these fields."""
    from pipeline.dataset.transformed import Transformed
    from pipeline.selection.search_run import SearchRun

    def make(**selection) -> SearchRun:
        workspace = Workspace(str(tmp_path / "work"))
        transformed = Transformed(Workspace(str(small_folder / "work")).folder("preprocess"))
        return SearchRun.of(small_config(small_folder, **selection), workspace, transformed)

    return make


def small_config(folder, **selection) -> Config:
    """The config of the small logs that lie in a folder."""
    files = {split: str(folder / f"{split}.parquet") for split in ("train", "test")}
    rules = [dict(rule) for rule in SMALL_CONFIG["features"]] + [{"match": ["code", "noise"], "group": "codes"}]
    parts = {
        "name": "small",
        "work_dir": str(folder / "work"),
        "data": {**files, **SMALL_CONFIG["data"]},
        "features": rules,
        "selection": {**SMALL_CONFIG["selection"], **selection},
    }
    return Config.model_validate(SMALL_CONFIG | parts)

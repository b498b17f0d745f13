"""Configs of a selection, without data."""

import pytest

from features.config import Config


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

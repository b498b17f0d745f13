"""A model folder to damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copied(model, tmp_path) -> Path:
    """A copy of the model folder to damage."""
    return Path(shutil.copytree(model, tmp_path / "model"))

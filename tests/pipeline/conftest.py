"""One finished job for all tests of what it has made."""

from pathlib import Path

import pytest

from tests.pipeline.every_kind import every_kind_config


@pytest.fixture(scope="session")
def job(tmp_path_factory):
    """The config of a finished job with every kind of feature."""
    from pipeline.plan import Plan

    config = every_kind_config(tmp_path_factory.mktemp("every-kind"))
    Plan(config).run(["preprocess", "search", "select", "prove", "export"])
    return config


@pytest.fixture(scope="session")
def model(job) -> Path:
    """Its model folder."""
    return Path(job.work_dir, "model")


@pytest.fixture(scope="session")
def served(model):
    """Its SavedModel."""
    from pipeline.serving.saved_model import Served

    return Served(model)

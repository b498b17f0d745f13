"""What each task of a cluster may do in the work folder; whole clusters run in tests/pipeline/test_cluster.py."""

import json

import pytest

from features.config import Config
from features.errors import ConfigError
from pipeline.runtime.workspace import Workspace
from pipeline.training.cluster import join_cluster
from tests.conftest import SMALL_CONFIG


@pytest.fixture
def task(small_job, monkeypatch):
    """Joins as a task of a cluster of two workers, without training stages, so that no task is waited for."""

    def join(index: int, strategy: str = "multi_worker") -> Workspace | None:
        cluster = {"worker": ["localhost:1", "localhost:2"]}
        text = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        monkeypatch.setenv("TF_CONFIG", text)
        config = Config.load(small_job(training=SMALL_CONFIG["training"] | {"strategy": strategy}))
        return join_cluster(config, ["preprocess", "report"])

    return join


def test_the_first_worker_writes_and_the_others_do_not(task, tmp_path):
    work = str(tmp_path / "work")
    assert task(0) == Workspace(work, writes=True)
    assert task(1) == Workspace(work, writes=False)


def test_a_strategy_of_one_machine_writes_whatever_the_cluster_says(task):
    workspace = task(1, "one_device")
    assert workspace is not None
    assert workspace.writes


def test_a_malformed_cluster_is_named(task):
    with pytest.raises(ConfigError, match="task worker:5 is not in the cluster, which has 2 worker"):
        task(5)

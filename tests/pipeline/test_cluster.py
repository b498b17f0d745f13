"""The command line in clusters of real processes, each of which runs the same command."""

import json

import pytest

from features.config import Config
from features.errors import ConfigError
from pipeline.selection.latency import latency_model
from tests.conftest import SMALL_CONFIG
from tests.processes import Process, addresses, winnow


@pytest.fixture
def cluster(small_job, tmp_path):
    """Starts `winnow run` in every task of a cluster; ends those that are left."""
    started: list[Process] = []

    def start(strategy: str, **counts: int) -> list[Process]:
        config = small_job(
            features=[{"match": "good"}, {"match": "fine", "kind": "numeric", "buckets": 16}],
            training=SMALL_CONFIG["training"] | {"strategy": strategy},
            selection={"budget": {"features": 1}, "batch_size": 128, "epochs": 1},
            proof={"seed_count": 1, "bootstrap_samples": 10},
        )
        jobs = {job: addresses(count) for job, count in counts.items()}
        for job, count in counts.items():
            for index in range(count):
                task = json.dumps({"cluster": jobs, "task": {"type": job, "index": index}})
                started.append(winnow("run", config, TF_CONFIG=task, TF_NUM_INTEROP_THREADS="2"))
        return started

    yield start
    for process in started:
        process.kill()


def found(folder) -> tuple[list[str], list[float]]:
    """The picks in their order, and the AUC of the full and the pruned model."""
    picks = json.loads((folder / "search" / "path.json").read_text())["picks"]
    points = json.loads((folder / "proof" / "proof.json").read_text())["points"]
    return [pick["feature"] for pick in picks], [point["auc"]["mean"] for point in points]


def test_two_workers_make_the_whole_job_and_the_chief_alone_writes(cluster, tmp_path):
    chief, other = cluster("multi_worker", worker=2)
    assert chief.end() == 0, chief.said
    assert other.end() == 0, other.said
    picks, (full, pruned) = found(tmp_path / "work")
    assert picks == ["good", "fine"]
    assert full > pruned > 0.65
    assert "replicated on 2 devices" in chief.said
    assert "preprocess: the chief of the cluster does it" in other.said
    assert "export" not in other.said


@pytest.mark.slow  # four processes that each import TensorFlow
def test_parameter_servers_make_the_whole_job_for_the_chief(cluster, tmp_path):
    chief, *servers = cluster("parameter_server", chief=1, worker=2, ps=1)
    assert chief.end() == 0, chief.said
    picks, (full, pruned) = found(tmp_path / "work")
    assert picks == ["good", "fine"]
    assert full > pruned > 0.65
    assert "sharded over 1 parameter servers" in chief.said
    assert all(server.running for server in servers)


def test_a_latency_is_not_measured_in_a_cluster(small_job, tmp_path):
    config = Config.load(small_job(training=SMALL_CONFIG["training"] | {"strategy": "multi_worker"}))
    with pytest.raises(ConfigError, match="a latency is measured on one machine; run `winnow select` under"):
        latency_model(config, None, str(tmp_path))

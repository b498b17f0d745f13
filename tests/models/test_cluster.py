"""What TF_CONFIG says, and waiting for those it names."""

import json
import socket

import pytest

from features.errors import ConfigError, TrainingError
from models.cluster import Cluster, free_addresses, listens

WORKERS = {"worker": ["a:1", "b:2"]}


def cluster(monkeypatch, jobs, job="worker", index=0):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": jobs, "task": {"type": job, "index": index}}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ('{"cluster": {}}', "'task'"),
        ('{"cluster": ["a:1"], "task": {"type": "worker", "index": 0}}', "cannot be read"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "address 'a' is not host:port"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "task worker:1 is not in the cluster"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}', "which has 1 worker"),
    ],
)
def test_a_malformed_cluster_is_named(monkeypatch, text, said):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ConfigError, match="TF_CONFIG") as caught:
        Cluster.of_strategy("multi_worker")
    assert said in str(caught.value)


def test_jobs_a_strategy_does_not_know(monkeypatch):
    cluster(monkeypatch, {"worker": ["a:1"], "ps": ["b:1"]})
    with pytest.raises(ConfigError, match="multi_worker knows no job 'ps'"):
        Cluster.of_strategy("multi_worker")
    cluster(monkeypatch, WORKERS)
    with pytest.raises(ConfigError, match="needs chief, worker and ps, the cluster has 2 worker"):
        Cluster.of_strategy("parameter_server")


def test_a_cluster_is_needed(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="multi_worker needs the environment variable TF_CONFIG"):
        Cluster.of_strategy("multi_worker")
    assert Cluster.read() is None


@pytest.mark.parametrize(
    ("jobs", "job", "index", "chief"),
    [
        (WORKERS, "worker", 0, True),
        (WORKERS, "worker", 1, False),
        ({"chief": ["c:1"], **WORKERS}, "worker", 0, False),
        ({"chief": ["c:1"], **WORKERS}, "chief", 0, True),
    ],
)
def test_the_chief_or_else_the_first_worker_writes(jobs, job, index, chief):
    assert Cluster(jobs, job, index).chief is chief


def test_who_is_absent_is_named_with_its_address():
    mine, there, absent = free_addresses(3)
    with socket.create_server(("127.0.0.1", int(there.rpartition(":")[2]))):
        cluster = Cluster({"worker": [mine, there, absent]}, "worker", 0)
        assert listens(there)
        assert not listens(absent)
        assert cluster.absent() == [f"worker:2 ({absent})"]
        with pytest.raises(TrainingError, match=rf"waited 0 s \(training.worker_minutes\) for worker:2 \({absent}\)"):
            cluster.wait(0)


def test_a_task_listens_while_it_waits():
    mine, there = free_addresses(2)
    port = int(there.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        Cluster({"worker": [mine, there]}, "worker", 0).meet(5)
        with pytest.raises(ConfigError, match=f"cannot listen at port {port} of worker:1"):
            Cluster({"worker": [mine, there]}, "worker", 1).meet(5)

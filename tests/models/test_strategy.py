import json

import pytest
import tensorflow as tf

from features.config import TrainingConfig
from features.errors import ConfigError
from models.strategy import Cluster, follows, make_strategy, serve

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
        make_strategy(TrainingConfig(strategy="multi_worker"))
    assert said in str(caught.value)


def test_jobs_a_strategy_does_not_know(monkeypatch):
    cluster(monkeypatch, {"worker": ["a:1"], "ps": ["b:1"]})
    with pytest.raises(ConfigError, match="multi_worker knows no job 'ps'"):
        make_strategy(TrainingConfig(strategy="multi_worker"))
    cluster(monkeypatch, WORKERS)
    with pytest.raises(ConfigError, match="needs chief, worker and ps, the cluster has 2 worker"):
        make_strategy(TrainingConfig(strategy="parameter_server"))


def test_a_cluster_is_needed(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="multi_worker needs the environment variable TF_CONFIG"):
        make_strategy(TrainingConfig(strategy="multi_worker"))
    assert Cluster.read() is None


def test_one_task_writes(monkeypatch):
    training = TrainingConfig(strategy="multi_worker")
    found = []
    for jobs, job, index in ((WORKERS, "worker", 0), (WORKERS, "worker", 1), ({"chief": ["c:1"], **WORKERS}, "worker", 0)):
        cluster(monkeypatch, jobs, job, index)
        found.append(follows(training))
    assert found == [False, True, True]
    assert not follows(TrainingConfig())
    assert not serve(training)


def test_what_this_machine_cannot_do(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if len(tf.config.list_logical_devices()) > 1:
        pytest.skip("this machine has several devices")
    with pytest.raises(ConfigError, match="mirrored needs two devices"):
        make_strategy(TrainingConfig(strategy="mirrored"))
    with pytest.raises(ConfigError, match="no TPU at training"):
        make_strategy(TrainingConfig(strategy="tpu", tpu="grpc://127.0.0.1:9"))


def test_one_strategy_for_all_models_of_a_process():
    assert make_strategy(TrainingConfig(strategy="one_device")) is make_strategy(TrainingConfig(strategy="one_device", seed=7))
    assert isinstance(make_strategy(TrainingConfig()), tf.distribute.OneDeviceStrategy | tf.distribute.MirroredStrategy)

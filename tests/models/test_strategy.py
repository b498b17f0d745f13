import json

import pytest
import tensorflow as tf

from features.config.model import TrainingConfig
from features.errors import ConfigError
from models.strategy import follows, make_strategy, per_replica, serve, sharded

WORKERS = {"worker": ["a:1", "b:2"]}


def cluster(monkeypatch, jobs, job="worker", index=0):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": jobs, "task": {"type": job, "index": index}}))


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


def test_a_batch_is_cut_evenly():
    class Three:
        num_replicas_in_sync = 3

    assert per_replica(63, Three()) == 21
    with pytest.raises(ConfigError, match="batch_size of 64 is not divisible by the strategy's 3 replicas"):
        per_replica(64, Three())
    assert not sharded(make_strategy(TrainingConfig(strategy="one_device")))

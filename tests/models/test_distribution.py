"""Strategies over real processes: the same picks everywhere, and what a lost worker does."""

import json
import signal

import pytest
import tensorflow as tf

from models.gate import SequentialAttention
from tests.models import small_training
from tests.processes import Process, addresses

ORDER = [1, 3, 2]


def start(asked: dict, cluster: dict | None = None, job: str = "", index: int = 0) -> Process:
    """A process of `small_training`, one task of a cluster."""
    task = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})} if cluster else {}
    return Process(small_training.main, asked, TF_NUM_INTEROP_THREADS="2", **task)


def result(process: Process) -> dict:
    """What a process found."""
    assert process.end() == 0, process.said[-3000:]
    found = next(line for line in process.said.splitlines() if line.startswith("{"))
    return json.loads(found) | {"said": process.said}


@pytest.fixture(scope="module")
def alone() -> dict:
    """What one device finds."""
    found = result(start({}))
    assert found["order"] == ORDER
    return found


@pytest.fixture(scope="module")
def mirrored() -> dict:
    """What two replicas find."""
    return result(start({"strategy": "mirrored"}))


def test_two_replicas_find_what_one_device_finds(alone, mirrored):
    assert mirrored["order"] == alone["order"]
    assert mirrored["losses"] == pytest.approx(alone["losses"], abs=2e-4)
    assert "replicated on 2 devices" in mirrored["said"]


def test_picks_reach_every_replica(mirrored):
    assert mirrored["levels"] == [mirrored["level"]] * 2 == [[0, 1, 1, 1, 0, 0]] * 2


class DefaultState(SequentialAttention):
    """A gate whose state has the aggregation that a variable has when nothing is said."""

    def add_weight(self, **kwargs):
        return super().add_weight(**{key: value for key, value in kwargs.items() if key != "aggregation"})


def drift() -> None:
    """Each replica picks the candidate of its own number, as a layer would that picks in its forward pass."""
    small_training.two_devices()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    found = {}
    for kind in (SequentialAttention, DefaultState):
        with strategy.scope():
            gate = kind([0, 1])
            gate.build([None, 2])

        @tf.function
        def pick(gate=gate) -> None:
            gate.level.assign(tf.one_hot(tf.distribute.get_replica_context().replica_id_in_sync_group, 2, dtype=tf.int64))

        strategy.run(pick)
        found[kind.__name__] = [copy.numpy().tolist() for copy in strategy.experimental_local_results(gate.level)]
    print(json.dumps(found))


def test_copies_of_the_gate_s_state_cannot_drift():
    found = result(Process(drift))
    assert found["DefaultState"] == [[1, 0], [0, 1]]
    assert found["SequentialAttention"] == [[1, 0], [1, 0]]


def workers(asked: dict) -> list[Process]:
    cluster = {"worker": addresses(2)}
    return [start(asked[n] | {"strategy": "multi_worker"}, cluster, "worker", n) for n in range(2)]


def test_two_workers_find_what_one_device_finds_and_only_the_chief_writes(alone, tmp_path):
    chief, other = workers({0: {"folder": str(tmp_path / "chief")}, 1: {"folder": str(tmp_path / "other")}})
    found = [result(chief), result(other)]
    assert [one["order"] for one in found] == [alone["order"]] * 2
    assert found[0]["checksum"] == found[1]["checksum"]
    assert found[0]["losses"] == pytest.approx(alone["losses"], abs=2e-4)
    assert (tmp_path / "chief" / "step-000000000128").exists()
    assert not (tmp_path / "other").exists()


def test_a_killed_worker_costs_one_restart(alone, tmp_path):
    folder = {"folder": str(tmp_path / "kept")}
    chief, other = workers({0: folder, 1: folder | {"die_at": 72}})
    assert other.end() == -signal.SIGKILL
    assert chief.end() != 0
    assert any(words in chief.said for words in ("start the job again", "UNAVAILABLE", "heartbeat"))
    found = [result(process) for process in workers({0: folder, 1: folder})]
    assert "going on from the checkpoint of step" in found[0]["said"]
    assert [one["order"] for one in found] == [alone["order"]] * 2
    assert found[0]["losses"] == pytest.approx(alone["losses"], abs=2e-4)


def test_a_worker_that_never_comes_is_named():
    cluster = {"worker": addresses(2)}
    process = start({"strategy": "multi_worker", "minutes": 0.02}, cluster, "worker", 0)
    assert process.end() != 0
    assert f"for worker:1 ({cluster['worker'][1]})" in process.said


def test_parameter_servers_find_the_same_features_though_a_worker_is_killed(alone):
    cluster = {"chief": addresses(1), "worker": addresses(2), "ps": addresses(1)}
    asked = {"strategy": "parameter_server"}
    servers = [start(asked, cluster, "ps", 0), *(start(asked, cluster, "worker", n) for n in range(2))]
    try:
        chief = start(asked | {"die_at": 40, "process": servers[2].pid}, cluster, "chief", 0)
        found = result(chief)
        assert servers[2].end() == -signal.SIGKILL
        assert sorted(found["order"]) == sorted(alone["order"])
        assert found["losses"] == pytest.approx(alone["losses"], abs=0.1)
    finally:
        for process in servers:
            process.kill()

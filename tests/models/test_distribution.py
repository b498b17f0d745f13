"""Strategies over real processes: the same picks everywhere, and what a lost worker does."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDER = [1, 3, 2]


def start(asked: dict, cluster: dict | None = None, job: str = "", index: int = 0) -> subprocess.Popen:
    """A process of `small_training`, one task of a cluster."""
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "2"}
    environment.pop("TF_CONFIG", None)
    if cluster:
        environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})
    command = [sys.executable, "-m", "tests.models.small_training", json.dumps(asked)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen) -> dict:
    """What a process found."""
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-3000:]
    return json.loads(out.splitlines()[-1]) | {"said": said}


def addresses(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return found


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


def test_the_gate_is_the_same_on_every_replica(mirrored):
    """With the default aggregation a replica's own write raises, or the copies go apart."""
    assert mirrored["modes"] == [5, 5]
    assert mirrored["levels"][0] == mirrored["levels"][1] == mirrored["level"] == [0, 1, 1, 1, 0, 0]


def workers(asked: dict) -> list[subprocess.Popen]:
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


@pytest.mark.slow
def test_a_killed_worker_costs_one_restart(alone, tmp_path):
    folder = {"folder": str(tmp_path / "kept")}
    chief, other = workers({0: folder, 1: folder | {"die_at": 72}})
    assert other.wait(timeout=300) == -signal.SIGKILL
    _, said = chief.communicate(timeout=300)
    assert chief.returncode != 0
    assert "start the job again" in said or "UNAVAILABLE" in said or "heartbeat" in said
    found = [result(process) for process in workers({0: folder, 1: folder})]
    assert "going on from the checkpoint of step" in found[0]["said"]
    assert [one["order"] for one in found] == [alone["order"]] * 2
    assert found[0]["losses"] == pytest.approx(alone["losses"], abs=2e-4)


def test_a_worker_that_never_comes_is_named():
    cluster = {"worker": addresses(2)}
    process = start({"strategy": "multi_worker", "minutes": 0.1}, cluster, "worker", 0)
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert f"for worker:1 ({cluster['worker'][1]})" in said


def test_parameter_servers_find_the_same_features_though_a_worker_is_killed(alone):
    cluster = {"chief": addresses(1), "worker": addresses(2), "ps": addresses(1)}
    asked = {"strategy": "parameter_server"}
    servers = [start(asked, cluster, "ps", 0), *(start(asked, cluster, "worker", n) for n in range(2))]
    try:
        chief = start(asked | {"die_at": 40, "process": servers[2].pid}, cluster, "chief", 0)
        found = result(chief)
        assert servers[2].wait(timeout=60) == -signal.SIGKILL
        assert sorted(found["order"]) == sorted(alone["order"])
        assert found["losses"] == pytest.approx(alone["losses"], abs=0.1)
    finally:
        for process in servers:
            process.kill()
            process.wait()

"""The cluster of processes that TF_CONFIG describes, in TensorFlow's words: jobs (chief, worker, ps) of tasks."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass

from features.errors import ConfigError, TrainingError

# The jobs that each strategy knows, so that a mistyped one in TF_CONFIG is named at the start.
_JOBS_OF_STRATEGY = {"multi_worker": {"chief", "worker"}, "parameter_server": {"chief", "worker", "ps"}}
_EXAMPLE = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
# Seconds between two looks at tasks that have not come yet, and to wait for an answer at an address.
_LOOK_EVERY, _ANSWER_WITHIN = 0.5, 1


@dataclass(frozen=True)
class Cluster:
    """What TF_CONFIG says.

    Attributes:
      jobs: addresses (host:port) of each job's tasks, by job: chief, worker, ps.
      job, index: the task that this process is.
    """

    jobs: dict[str, list[str]]
    job: str
    index: int

    @classmethod
    def read(cls) -> Cluster | None:
        """From the environment; None where TF_CONFIG is not set.

        Raises:
          ConfigError: TF_CONFIG is not what TensorFlow expects; names the part.
        """
        text = os.environ.get("TF_CONFIG")
        if not text:
            return None
        try:
            document = json.loads(text)
            jobs = {str(job): [str(address) for address in tasks] for job, tasks in document["cluster"].items()}
            cluster = cls(jobs, str(document["task"]["type"]), int(document["task"]["index"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"TF_CONFIG: cannot be read ({error!r}); it has to look like {_EXAMPLE}") from None
        for address in [address for tasks in jobs.values() for address in tasks]:
            if not address.rpartition(":")[2].isdigit() or not address.rpartition(":")[0]:
                raise ConfigError(f"TF_CONFIG: cluster address {address!r} is not host:port")
        if not 0 <= cluster.index < len(jobs.get(cluster.job, [])):
            task = f"{cluster.job}:{cluster.index}"
            raise ConfigError(f"TF_CONFIG: task {task} is not in the cluster, which has {cluster.counts}")
        return cluster

    @classmethod
    def of_strategy(cls, name: str) -> Cluster:
        """The cluster for a strategy that needs one, `multi_worker` or `parameter_server`.

        Raises:
          ConfigError: there is none, or it has not the strategy's jobs.
        """
        cluster = cls.read()
        if cluster is None:
            raise ConfigError(f"training.strategy: {name} needs the environment variable TF_CONFIG; docs/training.md shows one")
        known = _JOBS_OF_STRATEGY[name]
        if unknown := set(cluster.jobs) - known:
            raise ConfigError(f"TF_CONFIG: {name} knows no job {min(unknown)!r}, only {', '.join(sorted(known))}")
        if name == "parameter_server" and known - set(cluster.jobs):
            raise ConfigError(f"TF_CONFIG: parameter_server needs chief, worker and ps, the cluster has {cluster.counts}")
        return cluster

    @property
    def chief(self) -> bool:
        """Whether this task is the one that writes."""
        # Where no job has that name the first worker is the chief, as TensorFlow has it.
        return self.job == "chief" or ("chief" not in self.jobs and self.job == "worker" and self.index == 0)

    @property
    def counts(self) -> str:
        """The number of tasks of each job, in words."""
        return ", ".join(f"{len(tasks)} {job}" for job, tasks in self.jobs.items()) or "no tasks"

    def absent(self) -> list[str]:
        """Other tasks at whose address nothing listens, as `worker:1 (host:port)`."""
        others = [(job, n, address) for job, tasks in self.jobs.items() for n, address in enumerate(tasks)]
        return [f"{job}:{n} ({at})" for job, n, at in others if (job, n) != (self.job, self.index) and not listens(at)]

    def wait(self, seconds: float) -> None:
        """Waits for all other tasks.

        Raises:
          TrainingError: one is not there in time; names it.
        """
        end = time.monotonic() + seconds
        while absent := self.absent():
            if time.monotonic() > end:
                raise TrainingError(
                    f"training: waited {seconds:.0f} s (training.worker_minutes) for {', '.join(absent)}; start it, or mend "
                    "its address in TF_CONFIG"
                )
            time.sleep(_LOOK_EVERY)

    def meet(self, seconds: float) -> None:
        """Waits for all other tasks while listening at this task's own address, so that they find it too.

        TensorFlow itself would wait for ever, and say for nobody in particular.

        Raises:
          ConfigError: the own port is taken.
          TrainingError: a task is not there in time; names it.
        """
        port = int(self.jobs[self.job][self.index].rpartition(":")[2])
        try:
            listener = socket.create_server(("", port))
        except OSError as error:
            raise ConfigError(f"TF_CONFIG: cannot listen at port {port} of {self.job}:{self.index}: {error}") from None
        with listener:
            self.wait(seconds)


def listens(address: str) -> bool:
    """Whether a program answers at host:port."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWER_WITHIN):
            return True
    except OSError:
        return False


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine's loopback at which nothing listens."""
    # All are held open until each has its port, so that no two get the same.
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in sockets]
    for server in sockets:
        server.close()
    return addresses

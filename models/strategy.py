"""The tf.distribute strategy that the config names, and this process' place in its cluster."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from functools import cache

import tensorflow as tf

from features.config import TrainingConfig
from features.errors import ConfigError, WinnowError

_JOBS = {"multi_worker": {"chief", "worker"}, "parameter_server": {"chief", "worker", "ps"}}
_PARTITION_BYTES = 64 << 20  # smaller tables stay on one server: a look-up in two places costs more than it spares


class TrainingError(WinnowError):
    """Training cannot begin or go on; names the step, the table or the worker."""


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
        example = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        try:
            document = json.loads(text)
            jobs = {str(job): [str(address) for address in tasks] for job, tasks in document["cluster"].items()}
            made = cls(jobs, str(document["task"]["type"]), int(document["task"]["index"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"TF_CONFIG: cannot be read ({error!r}); it has to look like {example}") from None
        for address in [address for tasks in jobs.values() for address in tasks]:
            if not address.rpartition(":")[2].isdigit() or not address.rpartition(":")[0]:
                raise ConfigError(f"TF_CONFIG: cluster address {address!r} is not host:port")
        if not 0 <= made.index < len(jobs.get(made.job, [])):
            raise ConfigError(f"TF_CONFIG: task {made.job}:{made.index} is not in the cluster, which has {_tasks(jobs)}")
        return made

    @property
    def chief(self) -> bool:
        """Whether this task is the one that writes."""
        return self.job == "chief" or ("chief" not in self.jobs and self.job == "worker" and self.index == 0)

    def absent(self) -> list[str]:
        """Other tasks at whose address nothing listens, as `worker:1 (host:port)`."""
        others = [(job, n, address) for job, tasks in self.jobs.items() for n, address in enumerate(tasks)]
        return [f"{job}:{n} ({at})" for job, n, at in others if (job, n) != (self.job, self.index) and not _listens(at)]


def follows(training: TrainingConfig) -> bool:
    """Whether this process trains along with a chief elsewhere, and so must leave the writing to it."""
    cluster = Cluster.read() if training.strategy == "multi_worker" else None
    return cluster is not None and not cluster.chief


def serve(training: TrainingConfig) -> bool:
    """Serves a parameter-server cluster until it is ended, if this process is one of its workers or servers.

    Returns:
      False, at once, in every other process.

    Raises:
      ConfigError: TF_CONFIG is malformed.
    """
    cluster = Cluster.read() if training.strategy == "parameter_server" else None
    if cluster is None or cluster.job == "chief":
        return False
    spec = tf.train.ClusterSpec(cluster.jobs)
    tf.distribute.Server(spec, job_name=cluster.job, task_index=cluster.index, protocol="grpc", start=True).join()
    return True


def several_tasks(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes take part."""
    kinds = (tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.ParameterServerStrategy, tf.distribute.TPUStrategy)
    return isinstance(strategy, kinds)


def make_strategy(training: TrainingConfig) -> tf.distribute.Strategy:
    """The strategy that `training.strategy` names; one and the same for all models of a process.

    `auto` is mirrored over the GPUs where there are several, else one device.

    Raises:
      ConfigError: this machine cannot do it, or TF_CONFIG is malformed.
      TrainingError: a task of the cluster did not come within `training.worker_minutes`; names it.
    """
    return _strategy(training.strategy, os.environ.get("TF_CONFIG", ""), training.tpu, training.worker_minutes * 60)


@cache
def _strategy(name: str, config: str, tpu: str, seconds: float) -> tf.distribute.Strategy:
    if name == "multi_worker":
        _meet(_cluster_of(name), seconds)
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "parameter_server":
        return _parameter_servers(seconds)
    if name == "tpu":
        return _tpu(tpu)
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
        if len(devices) < 2:
            raise ConfigError(f"training.strategy: mirrored needs two devices, this machine has {devices[0]}; use one_device")
        return tf.distribute.MirroredStrategy(devices)
    return tf.distribute.OneDeviceStrategy("/gpu:0" if gpus else "/cpu:0")


def _parameter_servers(seconds: float) -> tf.distribute.Strategy:
    cluster = Cluster.read()
    if cluster is not None:
        _cluster_of("parameter_server")
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        servers = len(cluster.jobs["ps"])
        _wait(cluster, seconds)
    else:  # a cluster inside this process: one server and two workers on the loopback, to try a job without machines
        servers, resolver = 1, _local_cluster(workers=2, servers=1)
    partitioner = tf.distribute.experimental.partitioners.MinSizePartitioner(_PARTITION_BYTES, max_shards=servers)
    return tf.distribute.ParameterServerStrategy(resolver, variable_partitioner=partitioner)


def _tpu(address: str) -> tf.distribute.Strategy:
    if address.startswith("grpc://") and not _listens(address.removeprefix("grpc://")):  # TensorFlow would try for minutes
        raise ConfigError(f"training.strategy: no TPU at training.tpu={address!r}: nothing listens there")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, OSError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise ConfigError(f"training.strategy: no TPU at training.tpu={address!r}: {reason}") from None
    return tf.distribute.TPUStrategy(resolver)


def _cluster_of(name: str) -> Cluster:
    cluster = Cluster.read()
    if cluster is None:
        raise ConfigError(f"training.strategy: {name} needs the environment variable TF_CONFIG; docs/training.md shows one")
    if strange := set(cluster.jobs) - _JOBS[name]:
        raise ConfigError(f"TF_CONFIG: {name} knows no job {min(strange)!r}, only {', '.join(sorted(_JOBS[name]))}")
    if name == "parameter_server" and {"chief", "worker", "ps"} - set(cluster.jobs):
        raise ConfigError(f"TF_CONFIG: parameter_server needs chief, worker and ps, the cluster has {_tasks(cluster.jobs)}")
    return cluster


def _meet(cluster: Cluster, seconds: float) -> None:
    """Waits for all other tasks, itself to be found at its address: TensorFlow would wait for ever, and name nobody."""
    port = int(cluster.jobs[cluster.job][cluster.index].rpartition(":")[2])
    try:
        listener = socket.create_server(("", port))
    except OSError as error:
        raise ConfigError(f"TF_CONFIG: cannot listen at port {port} of {cluster.job}:{cluster.index}: {error}") from None
    with listener:
        _wait(cluster, seconds)


def _wait(cluster: Cluster, seconds: float) -> None:
    end = time.monotonic() + seconds
    while absent := cluster.absent():
        if time.monotonic() > end:
            raise TrainingError(
                f"training: waited {seconds:.0f} s (training.worker_minutes) for {', '.join(absent)}; start it, or mend its "
                "address in TF_CONFIG"
            )
        time.sleep(0.5)


def _local_cluster(workers: int, servers: int) -> tf.distribute.cluster_resolver.ClusterResolver:
    jobs = {"worker": _free_addresses(workers), "ps": _free_addresses(servers)}
    spec = tf.train.ClusterSpec(jobs)
    config = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=workers + 1)
    for job, addresses in jobs.items():
        for index in range(len(addresses)):
            tf.distribute.Server(spec, job_name=job, task_index=index, protocol="grpc", config=config)
    return tf.distribute.cluster_resolver.SimpleClusterResolver(spec, rpc_layer="grpc")


def _free_addresses(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def _tasks(jobs: dict[str, list[str]]) -> str:
    return ", ".join(f"{len(tasks)} {job}" for job, tasks in jobs.items()) or "no tasks"

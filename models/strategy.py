"""The tf.distribute strategy that the config names, and what this process does under it."""

from __future__ import annotations

import os
from functools import cache

import tensorflow as tf

from features.config.model import TrainingConfig
from features.errors import ConfigError
from models.cluster import Cluster, free_addresses, listens

# Smaller tables stay on one parameter server: a look-up in two places costs more than it spares.
_PARTITION_BYTES = 64 << 20


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


def sharded(strategy: tf.distribute.Strategy) -> bool:
    """Whether variables lie on parameter servers."""
    return isinstance(strategy, tf.distribute.ParameterServerStrategy)


def per_replica(batch_size: int, strategy: tf.distribute.Strategy) -> int:
    """Examples of a global batch that each replica takes.

    Raises:
      ConfigError: not the same number for all.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise ConfigError(f"training: a batch_size of {batch_size} is not divisible by the strategy's {replicas} replicas")
    return batch_size // replicas


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
        Cluster.of_strategy(name).meet(seconds)
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
    if Cluster.read() is not None:
        cluster = Cluster.of_strategy("parameter_server")
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        servers = len(cluster.jobs["ps"])
        cluster.wait(seconds)
    else:  # a cluster inside this process: one server and two workers on the loopback, to try a job without machines
        servers, resolver = 1, _local_cluster(workers=2, servers=1)
    partitioner = tf.distribute.experimental.partitioners.MinSizePartitioner(_PARTITION_BYTES, max_shards=servers)
    return tf.distribute.ParameterServerStrategy(resolver, variable_partitioner=partitioner)


def _local_cluster(workers: int, servers: int) -> tf.distribute.cluster_resolver.ClusterResolver:
    jobs = {"worker": free_addresses(workers), "ps": free_addresses(servers)}
    spec = tf.train.ClusterSpec(jobs)
    # With fewer threads the workers of one process can wait for each other without end.
    config = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=workers + 1)
    for job, addresses in jobs.items():
        for index in range(len(addresses)):
            tf.distribute.Server(spec, job_name=job, task_index=index, protocol="grpc", config=config)
    return tf.distribute.cluster_resolver.SimpleClusterResolver(spec, rpc_layer="grpc")


def _tpu(address: str) -> tf.distribute.Strategy:
    if address.startswith("grpc://") and not listens(address.removeprefix("grpc://")):  # TensorFlow would try for minutes
        raise ConfigError(f"training.strategy: no TPU at training.tpu={address!r}: nothing listens there")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, OSError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise ConfigError(f"training.strategy: no TPU at training.tpu={address!r}: {reason}") from None
    return tf.distribute.TPUStrategy(resolver)

"""Optimizer steps under any strategy: a function that makes the next so many and tells each one's loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import ConfigError
from models.strategy import sharded

Shard = tuple[int, int]
BatchSource: TypeAlias = "tf.data.Dataset | Callable[[int, Shard], tf.data.Dataset]"
"""An endless dataset of (inputs, label[, weight]) batches that stands at the first step; or a function that makes one that
stands at a given step, of a part (index, count) of each global batch."""

# Batches that a parameter-server worker is sent at once, so that its steps are longer than the way to it.
_BATCHES_PER_CALL = 8
# Calls that are under way at once, over all workers, before this process waits for them.
_CALLS_UNDER_WAY = 32


class Steps(Protocol):
    """Makes optimizer steps.

    Attributes:
      most: steps one call may be asked for.
    """

    most: int

    def __call__(self, count: int) -> npt.NDArray[np.float32]:
        """Makes `count` steps; returns the loss of each, float32 [count]."""


def make_steps(model: tf.keras.Model, source: BatchSource, start: int) -> Steps:
    """The steps of a compiled model from step `start` on.

    Raises:
      ConfigError: the strategy needs a dataset of each worker's own part, and only a whole one is given.
    """
    if sharded(model.distribute_strategy):
        return _Coordinated(model, source, start)
    return _Replicated(model, source, start)


class _Replicated:
    """Every replica holds all variables and takes its part of each batch."""

    def __init__(self, model: tf.keras.Model, source: BatchSource, start: int) -> None:
        strategy = model.distribute_strategy
        self.most = model.steps_per_execution
        self._batches = iter(strategy.distribute_datasets_from_function(lambda context: _part(source, start, context)))
        one_step = _compiled(model)

        @tf.function
        def run(batches: tf.distribute.DistributedIterator, count: tf.Tensor) -> tf.Tensor:
            losses = tf.TensorArray(tf.float32, size=count)
            for n in tf.range(count):
                loss = strategy.run(one_step, args=next(batches))
                losses = losses.write(n, strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None))
            return losses.stack()

        self._run = run

    def __call__(self, count: int) -> npt.NDArray[np.float32]:
        # A tensor and not a number: TensorFlow would trace the function again for each number.
        return np.asarray(self._run(self._batches, tf.constant(count, tf.int32)))


class _Coordinated:
    """Variables lie on parameter servers; workers make steps on batches that this process reads and sends them.

    Batches come from here because a worker is a bare TensorFlow server, which cannot run the reader; so each is trained on
    once, also where a worker is lost: what it was sent goes to another.
    """

    def __init__(self, model: tf.keras.Model, source: BatchSource, start: int) -> None:
        self.most = max(model.steps_per_execution, _CALLS_UNDER_WAY * _BATCHES_PER_CALL)
        self._batches = iter(source if isinstance(source, tf.data.Dataset) else source(start, (0, 1)))
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(model.distribute_strategy)
        one_step, strategy = _compiled(model), model.distribute_strategy

        @tf.function(reduce_retracing=False)
        def run(batches: tuple[tuple[tf.Tensor, ...], ...]) -> tf.Tensor:
            return tf.stack([strategy.run(one_step, args=batch) for batch in batches])

        self._run = run

    def __call__(self, count: int) -> npt.NDArray[np.float32]:
        sent = []
        for at in range(0, count, _BATCHES_PER_CALL):
            batches = tuple(next(self._batches) for _ in range(min(_BATCHES_PER_CALL, count - at)))
            sent.append(self._coordinator.schedule(self._run, args=(batches,)))
        self._coordinator.join()
        return np.concatenate([np.asarray(losses.fetch()) for losses in sent])


def _part(source: BatchSource, start: int, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """The batches of one worker's replicas, each of a replica's size."""
    pipelines = context.num_input_pipelines
    if isinstance(source, tf.data.Dataset):
        if pipelines > 1 or start:
            raise ConfigError("training: several workers, or a start within the data, need a function that makes the dataset")
        batches = source
    else:
        batches = source(start, (context.input_pipeline_id, pipelines))
    replicas = context.num_replicas_in_sync // pipelines
    if replicas > 1:
        batches = batches.rebatch(batches.element_spec[1].shape[0] // replicas, drop_remainder=True)
    # Else TensorFlow takes the end of the data into account in every step, which replicas have to agree on.
    return batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))


def _compiled(model: tf.keras.Model) -> Callable[..., tf.Tensor]:
    """One replica's step, under XLA where the model was compiled so: its part of the mean loss of the global batch."""
    replicas = model.distribute_strategy.num_replicas_in_sync

    def step(inputs: dict[str, tf.Tensor], label: tf.Tensor, weight: tf.Tensor | None = None) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sigmoid_cross_entropy_with_logits(label, model(inputs, training=True))
            loss = tf.reduce_mean(losses if weight is None else losses * weight)
            # The optimizer sums the gradients of all replicas.
            loss = (loss + sum(model.losses)) / replicas
        variables = model.trainable_variables
        model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return tf.function(step, jit_compile=True) if model.jit_compile else step

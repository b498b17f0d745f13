"""Builds ranking models: the network, its variables and its optimizer, compiled for a strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import tensorflow as tf

from features.config.model import ModelConfig, TrainingConfig
from features.encoding import MISSING, Encoding
from features.errors import ConfigError
from features.private_apis import make_optimizer_variables
from models.embedding import prefers_dense
from models.gate import SequentialAttention
from models.memory import Footprint, describe
from models.optimizer import compose
from models.ranking import RankingModel
from models.strategy import per_replica, sharded
from models.table_layout import TableLayout

# Optimizer steps between two looks at the host: enough that Python's share of a step of a millisecond does not show.
_STEPS_PER_EXECUTION = 32


def build_model(
    encodings: Sequence[Encoding],
    widths: Mapping[str, int],
    model: ModelConfig,
    training: TrainingConfig,
    strategy: tf.distribute.Strategy,
    seed: int,
    gate: SequentialAttention | None = None,
    gate_learning_rate: float = 1e-3,
    steps_per_execution: int = _STEPS_PER_EXECUTION,
    batch_size: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RankingModel:
    """A compiled model with all its variables, and its optimizer's, made; the same seed gives the same start.

    Args:
      encodings: of the features the model takes.
      widths: columns of each feature, by name.
      model: the network.
      training: the optimizers, precision and compilation.
      strategy: that trains it.
      seed: of the start.
      gate: set between tables and network, if given.
      gate_learning_rate: of its logits.
      steps_per_execution: optimizer steps between two looks at the host.
      batch_size: global; `training`'s if left out.
      say: told what lies where and how much memory it takes.

    Raises:
      ConfigError: a device cannot hold the model, or the batch is not the same for all replicas.
    """
    # Before anything draws, for layers draw their start from the global seed in the order in which they are built.
    tf.keras.utils.set_random_seed(seed)
    examples = per_replica(batch_size or training.batch_size, strategy)
    layout = TableLayout(encodings, widths)
    xla = _xla(training, layout, examples, strategy)
    # Before the tables are made: a machine that they do not fit kills the process without a word.
    for line in describe(Footprint.of(layout, training, examples, dense=xla), strategy):
        say(line)
    with strategy.scope(), _precision(training):
        network = RankingModel(encodings, widths, model, gate)
        network.embedding.dense = True if xla else False if sharded(strategy) else None
        network(example_inputs(encodings))  # makes the variables, which the optimizer is then asked for
        optimizer = compose(
            training,
            lambda: network.table_variables,
            lambda: network.gate_variables,
            lambda: network.network_variables,
            gate_learning_rate,
        )
        make_optimizer_variables(optimizer)
        loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        network.compile(optimizer, loss, steps_per_execution=steps_per_execution, jit_compile=xla)
    network.steps_per_execution = steps_per_execution
    return network


def example_inputs(encodings: Sequence[Encoding]) -> dict[str, tf.Tensor]:
    """A batch of one, all missing, of the shapes a model takes."""
    slots = sum(encoding.length for encoding in encodings if encoding.embedded)
    floats = sum(encoding.length for encoding in encodings if not encoding.embedded)
    inputs = {}
    if slots:
        inputs["ids"] = tf.fill([1, slots], tf.constant(MISSING, tf.int32))
    if floats:
        inputs["values"] = tf.zeros([1, floats])
    if any(encoding.weighted for encoding in encodings):
        inputs["weights"] = tf.ones([1, slots])
    return inputs


def _xla(training: TrainingConfig, layout: TableLayout, examples: int, strategy: tf.distribute.Strategy) -> bool:
    """Whether to compile with XLA: `auto` does on GPUs, where tables suit the dense gradients that it needs."""
    if training.xla != "auto":
        if training.xla and sharded(strategy):
            raise ConfigError("training.xla: parameter servers need sparse gradients, which XLA does not compile")
        return training.xla
    if sharded(strategy) or not tf.config.list_logical_devices("GPU"):
        return False
    return all(prefers_dense(group, examples) for group in layout.groups)


@contextmanager
def _precision(training: TrainingConfig) -> Iterator[None]:
    """Layers made within compute in the precision that the config asks for; `auto` is bfloat16 on GPUs."""
    mixed = training.mixed_precision
    if mixed == "auto":
        mixed = bool(tf.config.list_logical_devices("GPU"))
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")
    try:
        yield
    finally:
        # Keras has but one policy for the whole process; what is built next must not inherit ours.
        tf.keras.mixed_precision.set_global_policy(before)

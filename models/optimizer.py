"""Optimizers: row-wise Adagrad for embedding tables, Adam for the rest, composed by TFRS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf
import tensorflow_recommenders as tfrs

from features.config.model import TrainingConfig

# Reference width: the default learning rate was tuned on tables of 16 columns.
WIDTH = 16
Variables = Callable[[], Sequence[tf.Variable]]
# Keras' legacy optimizers hand their prepared hyperparameters to each update; this one reads its own.
ApplyState: TypeAlias = "dict[tuple[str, tf.DType], dict[str, tf.Tensor]] | None"


@tf.keras.utils.register_keras_serializable("winnow")
class RowwiseAdagrad(tf.keras.optimizers.legacy.Optimizer):
    """Adagrad with one accumulator a row: the sum over steps of the squared length of the row's gradient, over 16.

    At 16 columns that is the mean square, as in DLRM. With the mean at other widths too, a row of one column would step a
    quarter as far as one of 16, and a narrow table hardly learn: on KuaiRand at 5 % of the bytes that is worth .0035 of AUC.

    Memory is 4 bytes a row beside the table; only rows of the batch are read and written. Accumulators start at zero
    (Keras' 0.1 for its Adagrad costs embedding tables most of their learning).

    Args:
      learning_rate: step size; a row's first step has a length of 4 times it, whatever its width.
      epsilon: keeps the step finite where the accumulated gradient is zero.

    Source: Duchi, Hazan, Singer, JMLR 2011, eq. 1, with the row-wise accumulator of Facebook's DLRM (FBGEMM
    `EXACT_ROWWISE_ADAGRAD`).
    """

    def __init__(
        self, learning_rate: float = 0.02, epsilon: float = 1e-10, name: str = "RowwiseAdagrad", **kwargs: object
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)
        self.epsilon = epsilon

    def _create_slots(self, var_list: Sequence[tf.Variable]) -> None:
        for var in var_list:
            self.add_slot(var, "accumulator", initializer="zeros", shape=[var.shape[0]] + [1] * (len(var.shape) - 1))

    def _resource_apply_dense(self, grad: tf.Tensor, var: tf.Variable, apply_state: ApplyState = None) -> tf.Operation:
        rate = self._get_hyper("learning_rate", var.dtype.base_dtype)
        accumulator = self.get_slot(var, "accumulator")
        total = accumulator.assign_add(_square(grad))
        return var.assign_sub(grad * (rate / (tf.sqrt(total) + self.epsilon)))

    def _resource_apply_sparse(
        self, grad: tf.Tensor, var: tf.Variable, indices: tf.Tensor, apply_state: ApplyState = None
    ) -> tf.Operation:
        rate = self._get_hyper("learning_rate", var.dtype.base_dtype)
        accumulator = self.get_slot(var, "accumulator")
        total = tf.gather(accumulator, indices) + _square(grad)
        step = grad * (rate / (tf.sqrt(total) + self.epsilon))
        with tf.control_dependencies([total]):
            accumulated = accumulator.scatter_update(tf.IndexedSlices(total, indices))
        if isinstance(tf.distribute.get_strategy(), tf.distribute.ParameterServerStrategy):
            # Other workers write to the same rows, and what they wrote since the read must not be lost.
            return tf.group(accumulated, var.scatter_sub(tf.IndexedSlices(step, indices)))
        # Reading rows and writing them back takes a third of the time of subtracting in place, which locks each row.
        return tf.group(accumulated, var.scatter_update(tf.IndexedSlices(tf.gather(var, indices) - step, indices)))

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        rate = self._serialize_hyperparameter("learning_rate")
        return {**super().get_config(), "learning_rate": rate, "epsilon": self.epsilon}


def table_optimizer(training: TrainingConfig) -> tf.keras.optimizers.legacy.Optimizer:
    """The optimizer of the embedding tables that the config names."""
    rate = training.table_learning_rate
    if training.table_optimizer == "adam":
        return tf.keras.optimizers.legacy.Adam(rate)
    if training.table_optimizer == "adagrad":
        # Keras' own default of 0.1 for the accumulator costs tables most of their learning.
        return tf.keras.optimizers.legacy.Adagrad(rate, initial_accumulator_value=0.0, epsilon=1e-10)
    return RowwiseAdagrad(rate)


def compose(
    training: TrainingConfig, tables: Variables, gate: Variables, rest: Variables, gate_learning_rate: float
) -> tfrs.experimental.optimizers.CompositeOptimizer:
    """One optimizer for tables, gate logits and the rest; the gate has an Adam of its own, so that a pick can reset it."""
    adam = tf.keras.optimizers.legacy.Adam
    parts = [(adam(training.learning_rate), rest), (table_optimizer(training), tables)]
    if gate():
        parts.append((adam(gate_learning_rate), gate))
    return tfrs.experimental.optimizers.CompositeOptimizer(parts)


def _square(grad: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(grad), axis=list(range(1, len(grad.shape))), keepdims=True) / WIDTH

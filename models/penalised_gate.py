"""A gate that a penalty draws to zero, candidate by candidate: the l1 gate and the group LASSO."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf


@tf.keras.utils.register_keras_serializable("winnow")
class PenalisedGate(tf.keras.layers.Layer):
    """Multiplies columns by trained weights, all 1 at the start, and adds a penalty on their size to the loss.

    Args:
      owners: [columns] candidate that owns each column of the input.
      penalty: the factor before the sum over candidates of the norm of their weights.
      by_column: a weight for each column, penalised by the candidate's l2 norm times the root of its columns (group
        LASSO); else one weight a candidate, penalised by its absolute value (l1 gate).

    Source: Yuan, Lin, "Model selection and estimation in regression with grouped variables", JRSS B 2006.
    """

    def __init__(self, owners: Sequence[int], penalty: float, by_column: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.owners, self.penalty, self.by_column = [int(owner) for owner in owners], penalty, by_column
        self.size = max(self.owners) + 1

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the weights."""
        shape = [len(self.owners) if self.by_column else self.size]
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", dtype=tf.float32)
        super().build(input_shape)

    def norms(self) -> tf.Tensor:
        """What is penalised, float32 [candidates]."""
        if not self.by_column:
            return tf.abs(self.scale)
        columns = tf.math.unsorted_segment_sum(tf.ones_like(self.scale), self.owners, self.size)
        squares = tf.math.unsorted_segment_sum(tf.square(self.scale), self.owners, self.size)
        return tf.sqrt(columns * squares + 1e-12)  # the root of 0 has no gradient

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiplies; see the class."""
        self.add_loss(self.penalty * tf.reduce_sum(self.norms()))
        scale = self.scale if self.by_column else tf.gather(self.scale, self.owners)
        return inputs * tf.cast(scale, inputs.dtype)

    def importance(self) -> npt.NDArray[np.float32]:
        """Root mean square weight of each candidate, float32 [candidates]."""
        # sqrt(columns * sum of squares) over the columns is the root of the mean square.
        columns = np.bincount(self.owners, minlength=self.size) if self.by_column else 1
        return np.asarray(self.norms().numpy() / columns, np.float32)

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        return {**super().get_config(), "owners": self.owners, "penalty": self.penalty, "by_column": self.by_column}

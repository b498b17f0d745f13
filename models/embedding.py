"""Embedding tables: features of one width share one table and one lookup.

In training a lookup's gradient is sparse (the looked-up rows) or dense (the whole table, summed into place). Dense pays
where a batch looks up so many ids that the sparse gradient is about as large as the table, and XLA compiles no other;
`DENSE_SHARE` is the border.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from features.encoding import PADDING, Encoding
from models.table_layout import TableGroup, TableLayout

# A gradient is dense from so many looked-up ids per row of the table on: see docs/training.md for the measurement.
DENSE_SHARE = 0.5
# Tables start uniform within +- this, as Keras' Embedding layer does.
_START = 0.05
# A weighted mean over nothing but padding is 0 / _LEAST_WEIGHT = 0 rather than 0 / 0.
_LEAST_WEIGHT = 1e-9


def prefers_dense(group: TableGroup, examples: int) -> bool:
    """Whether a dense gradient is the faster one for a group's table, at so many examples a replica."""
    return examples * len(group.slots) >= DENSE_SHARE * group.rows


class EmbeddingTables(tf.keras.layers.Layer):
    """Looks up the ids of all features and sets their columns, and those of float features, side by side.

    Args:
      encodings: of the features, in the order of the input's slots.
      widths: columns of each feature's embedding, by name; float features bring their own length.
      dense: whether gradients of the tables are dense; None decides table by table from the shape of the batch.

    Input: dict of `ids` int32 [batch, id slots], `values` float32 [batch, float slots] and, where a feature is weighted,
      `weights` float32 [batch, id slots]; entries without slots may be absent.
    Output: float [batch, columns], columns as `layout.owners` tells.

    Attributes:
      layout: where each feature lies in the input, the tables and the output.
      tables: one variable [rows, width] for each of `layout.groups`.
    """

    def __init__(
        self, encodings: Sequence[Encoding], widths: Mapping[str, int], dense: bool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dense = dense
        self.layout = TableLayout(encodings, widths)

    def build(self, input_shape: Any) -> None:
        """Makes one table per width."""
        self.tables = [
            self.add_weight(
                name=f"table_{group.width}",
                shape=[group.rows, group.width],
                initializer=tf.keras.initializers.RandomUniform(-_START, _START),
                experimental_autocast=False,  # in lower precision, what was looked up is cast, not the table
            )
            for group in self.layout.groups
        ]
        super().build(input_shape)

    def call(self, inputs: Mapping[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Looks up and pools; see the class."""
        parts = [
            _look_up(group, table, inputs, self.compute_dtype, bool(training) and self._dense(group, inputs["ids"].shape[0]))
            for group, table in zip(self.layout.groups, self.tables, strict=True)
        ]
        if inputs.get("values") is not None and inputs["values"].shape[-1]:
            # Behind the tables, as `TableLayout.owners` says.
            parts.append(tf.cast(inputs["values"], self.compute_dtype))
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)

    def _dense(self, group: TableGroup, batch: int | None) -> bool:
        if self.dense is not None:
            return self.dense
        return batch is not None and prefers_dense(group, batch)


def _look_up(group: TableGroup, table: tf.Variable, inputs: Mapping[str, tf.Tensor], dtype: tf.DType, dense: bool) -> tf.Tensor:
    """The columns of a group's features, [batch, features * width]."""
    ids = _slots_of(group, inputs["ids"])
    rows = ids + group.offsets
    # A variable, looked up as it is, gets a sparse gradient; its value, as a tensor, a dense one.
    vectors = _gather_dense(tf.convert_to_tensor(table), rows) if dense else tf.nn.embedding_lookup(table, rows)
    vectors = tf.cast(vectors, dtype)
    if group.pooled:
        weights = tf.cast(ids != PADDING, vectors.dtype)
        if inputs.get("weights") is not None:
            weights *= tf.cast(_slots_of(group, inputs["weights"]), vectors.dtype)
        vectors = _weighted_means(vectors, weights, group)
    return tf.reshape(vectors, [-1, len(group.names) * group.width])


def _weighted_means(vectors: tf.Tensor, weights: tf.Tensor, group: TableGroup) -> tf.Tensor:
    """[batch, features, width]: vectors [batch, slots, width] averaged over each feature's slots by weights [batch, slots]."""
    # A product with a 0/1 matrix: slots of one feature are summed in one step for all features.
    membership = tf.one_hot(group.feature_of_slot, len(group.names), dtype=vectors.dtype)
    totals = tf.maximum(tf.matmul(weights, membership), _LEAST_WEIGHT)
    return tf.einsum("bsw,bs,sm->bmw", vectors, weights, membership) / totals[:, :, None]


def _slots_of(group: TableGroup, matrix: tf.Tensor) -> tf.Tensor:
    return matrix if group.takes_all_slots else tf.gather(matrix, group.slots, axis=1)


@tf.custom_gradient
def _gather_dense(table: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, None]]]:
    """`tf.gather` whose gradient is a tensor of the table's shape."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        flat = tf.reshape(upstream, [-1, table.shape[1]])
        return tf.math.unsorted_segment_sum(flat, tf.reshape(rows, [-1]), table.shape[0]), None

    return tf.gather(table, rows), gradient

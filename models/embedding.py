"""Embedding tables: features of one width share one table and one lookup.

In training a lookup's gradient is sparse (the looked-up rows) or dense (the whole table, summed into place). Dense pays
where a batch looks up so many ids that the sparse gradient is about as large as the table, and XLA compiles no other;
`DENSE_SHARE` is the border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from features.encoding import Encoding

DENSE_SHARE = 0.5  # dense from so many looked-up ids per row of the table on: see docs/training.md for the figures


class EmbeddingTables(tf.keras.layers.Layer):
    """Looks up the ids of all features and sets their columns, and those of float features, side by side.

    Args:
      encodings: of the features, in the order of the input's slots.
      widths: columns of each feature's embedding, by name; float features bring their own length.
      dense: whether gradients of the tables are dense; None decides table by table from the shape of the batch.

    Input: dict of `ids` int32 [batch, id slots], `values` float32 [batch, float slots] and, where a feature is weighted,
      `weights` float32 [batch, id slots]; entries without slots may be absent.
    Output: float [batch, columns], columns as `owners` tells.

    Attributes:
      owners: [columns] name of the feature each output column belongs to, in the output's order.
    """

    def __init__(
        self, encodings: Sequence[Encoding], widths: Mapping[str, int], dense: bool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dense = dense
        embedded = [encoding for encoding in encodings if encoding.embedded]
        self.groups = [
            _Group(width, embedded, [encoding for encoding in embedded if widths[encoding.name] == width])
            for width in sorted({widths[encoding.name] for encoding in embedded})
        ]
        self.owners = [name for group in self.groups for name in np.repeat(group.names, group.width)]
        self.owners += [e.name for e in encodings if not e.embedded for _ in range(e.length)]

    def build(self, input_shape: Any) -> None:
        """Makes one table per width."""
        self.tables = [
            self.add_weight(
                name=f"table_{group.width}",
                shape=[group.rows, group.width],
                initializer=tf.keras.initializers.RandomUniform(-0.05, 0.05),
                experimental_autocast=False,  # in lower precision, what was looked up is cast, not the table
            )
            for group in self.groups
        ]
        super().build(input_shape)

    def call(self, inputs: Mapping[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Looks up and pools; see the class."""
        parts = [
            group.look_up(table, inputs, self.compute_dtype, bool(training) and self._dense(group, inputs["ids"].shape[0]))
            for group, table in zip(self.groups, self.tables, strict=True)
        ]
        if inputs.get("values") is not None and inputs["values"].shape[-1]:
            parts.append(tf.cast(inputs["values"], self.compute_dtype))
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)

    def prefers_dense(self, group: Any, batch: int) -> bool:
        """Whether a dense gradient is the faster one for a group's table, at `batch` examples a replica."""
        return bool(batch * len(group.slots) >= DENSE_SHARE * group.rows)

    def _dense(self, group: _Group, batch: int | None) -> bool:
        if self.dense is not None:
            return self.dense
        return batch is not None and self.prefers_dense(group, batch)


class _Group:
    """The features of one width: where their ids stand in the input and where their rows stand in the table."""

    def __init__(self, width: int, embedded: Sequence[Encoding], members: Sequence[Encoding]) -> None:
        self.width = width
        self.names = [encoding.name for encoding in members]
        self.rows = sum(encoding.rows for encoding in members)
        lengths = [encoding.length for encoding in members]
        starts = dict(zip([e.name for e in embedded], np.cumsum([0] + [e.length for e in embedded]), strict=False))
        self.slots = np.concatenate([starts[e.name] + np.arange(e.length) for e in members])
        self.whole = len(members) == len(embedded)
        first_rows = np.cumsum([0] + [encoding.rows for encoding in members])[:-1]
        self.offsets = np.repeat(first_rows, lengths).astype(np.int32)
        self.pooled = max(lengths) > 1
        self.member_of_slot = np.repeat(np.arange(len(members)), lengths)

    def look_up(self, table: tf.Variable, inputs: Mapping[str, tf.Tensor], dtype: str, dense: bool) -> tf.Tensor:
        """[batch, members * width]"""
        ids = self._own(inputs["ids"])
        rows = ids + self.offsets
        vectors = _gather_dense(tf.convert_to_tensor(table), rows) if dense else tf.nn.embedding_lookup(table, rows)
        vectors = tf.cast(vectors, dtype)
        if self.pooled:
            weights = tf.cast(ids != 0, vectors.dtype)
            if inputs.get("weights") is not None:
                weights *= tf.cast(self._own(inputs["weights"]), vectors.dtype)
            membership = tf.one_hot(self.member_of_slot, len(self.names), dtype=vectors.dtype)
            totals = tf.maximum(tf.matmul(weights, membership), 1e-9)
            vectors = tf.einsum("bsw,bs,sm->bmw", vectors, weights, membership) / totals[:, :, None]
        return tf.reshape(vectors, [-1, len(self.names) * self.width])

    def _own(self, slots: tf.Tensor) -> tf.Tensor:
        return slots if self.whole else tf.gather(slots, self.slots, axis=1)


@tf.custom_gradient
def _gather_dense(table: tf.Tensor, rows: tf.Tensor) -> Any:
    """`tf.gather` whose gradient is a tensor of the table's shape."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        flat = tf.reshape(upstream, [-1, table.shape[1]])
        return tf.math.unsorted_segment_sum(flat, tf.reshape(rows, [-1]), table.shape[0]), None

    return tf.gather(table, rows), gradient

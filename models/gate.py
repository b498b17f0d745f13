"""The Sequential Attention gate: one attention weight per candidate, multiplied into what the candidates look up.

Source: Yasuda, Bateni, Chen, Fahrbach, Fu, Mirrokni, "Sequential Attention for Feature Selection", ICLR 2023, and the
embedding chunks of Google Research's blog post of 4 February 2026.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# Modes, see `SequentialAttention.set_mode`.
OPEN, SOFT, HARD = 0, 1, 2
Columns: TypeAlias = "tf.Tensor | list[tf.Tensor] | dict[str, tf.Tensor]"


@tf.keras.utils.register_keras_serializable("winnow")
class SequentialAttention(tf.keras.layers.Layer):
    """Gates the columns of its input by candidate and chunk.

    A candidate (a feature, or a group of them) owns columns, cut into one or more chunks. Its chunks are picked in
    order. The gate of a column is 1 if its chunk is picked, `softmax(logits)` over all candidates that have chunks left if
    its chunk is the candidate's next, and 0 if it is a later one. With one chunk a candidate this is the paper's mask.

    Forward passes never change the gate's state, in training, evaluation or export: `set_mode` and `pick` do, and are
    called between steps, from a callback or the training loop, outside any replica.

    Args:
      candidates: [columns] index of the candidate that owns each column of the input.
      chunks: [columns] chunk of each column within its candidate, counted from 0; all 0 if left out.
      gate_count: gates trained side by side on one network, each on its own equal slice of every training batch. State and
        results then have a leading axis [gates]. Outside training a column's gate is the mean over the gates.

    Input: float [batch, ..., columns], or a list or dict of such tensors whose last axes hold the columns in the order of
      `tf.nest.flatten`. Output: the same structure, shapes and dtypes.

    Example (`models.picks.Picks` makes the picks at the end of epochs):
      gate = SequentialAttention.over({"age": 1, "user": 16, "video": 16})
      gated = gate({"age": age, "user": user, "video": video})
      model.fit(data, epochs=s.rounds, steps_per_epoch=s.steps_per_round, callbacks=[Picks(gate, s)])
    """

    def __init__(
        self, candidates: Sequence[int], chunks: Sequence[int] | None = None, gate_count: int | None = None, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.candidates = [int(value) for value in candidates]
        self.chunks = [int(value) for value in (chunks if chunks is not None else [0] * len(self.candidates))]
        if len(self.candidates) != len(self.chunks) or not self.candidates:
            raise ValueError("candidates and chunks need one value for each of one or more columns")
        self.gate_count = gate_count
        self.size = max(self.candidates) + 1
        self.depth = np.zeros(self.size, np.int64)  # chunks each candidate has
        np.maximum.at(self.depth, self.candidates, np.asarray(self.chunks, np.int64) + 1)

    @classmethod
    def over(
        cls,
        widths: Sequence[int] | Mapping[str, int],
        groups: Sequence[Hashable] | Mapping[str, Hashable] | None = None,
        gate_count: int | None = None,
        **kwargs: object,
    ) -> SequentialAttention:
        """A gate over whole features.

        Args:
          widths: columns of each feature, a list or dict like the input.
          groups: a label for each feature, like `widths`; features of one label are one candidate. Candidates are
            numbered by where their label first stands. Left out, each feature is a candidate.
          gate_count: see the class.
          **kwargs: of Keras' layers.
        """
        flat = tf.nest.flatten(widths)
        labels = tf.nest.flatten(groups) if groups is not None else list(range(len(flat)))
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        return cls(np.repeat([numbers[label] for label in labels], flat).tolist(), None, gate_count, **kwargs)

    def build(self, input_shape: tf.TensorShape | Sequence[tf.TensorShape] | Mapping[str, tf.TensorShape]) -> None:
        """Makes the logits (trained) and the state (never trained, one copy's value everywhere)."""
        columns = sum(int(shape[-1]) for shape in _shapes(input_shape))
        if columns != len(self.candidates):
            raise ValueError(f"the gate was made for {len(self.candidates)} columns, its input has {columns}")
        shape = [self.size] if self.gate_count is None else [self.gate_count, self.size]
        state = {"trainable": False, "dtype": tf.int64, "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        self.logits = self.add_weight(
            name="logits", shape=shape, initializer="zeros", dtype=tf.float32, experimental_autocast=False
        )
        self.level = self.add_weight(name="level", shape=shape, initializer="zeros", **state)
        self.mode = self.add_weight(name="mode", shape=[], initializer="zeros", **state)
        super().build(input_shape)

    def attention(self) -> tf.Tensor:
        """Softmax of the logits over the candidates with chunks left, float32 [candidates], 0 elsewhere."""
        # Not minus infinity: when everything is picked the softmax over nothing would not be a number.
        left = self.level < self.depth
        masked = tf.where(left, self.logits, tf.float32.min)
        return tf.where(left, tf.nn.softmax(masked), 0.0)

    def weights_of_columns(self) -> tf.Tensor:
        """The gate itself, float32 [columns]."""
        level = self.level[..., None]
        soft = tf.where(tf.equal(self.mode, SOFT), self.attention(), 0.0)[..., None]
        chunks = np.arange(self.depth.max())
        gates = tf.where(tf.equal(level, chunks), soft, tf.cast(level > chunks, tf.float32))  # [candidates, chunks]
        gates = tf.where(tf.equal(self.mode, OPEN), 1.0, gates)
        # A number for each chunk of each candidate: where its gate stands once candidates and chunks are one axis.
        chunk_of_column = np.asarray(self.candidates) * len(chunks) + self.chunks
        return tf.gather(tf.reshape(gates, [*self.level.shape[:-1], -1]), chunk_of_column, axis=-1)

    def call(self, inputs: Columns, training: bool | None = None) -> Columns:
        """Multiplies each column by its gate."""
        flat = tf.nest.flatten(inputs)
        gates = self.weights_of_columns()
        if self.gate_count is not None and not training:
            gates = tf.reduce_mean(gates, axis=0)
        if len(flat) == 1:
            return tf.nest.pack_sequence_as(inputs, [self._gated(flat[0], gates)])
        parts = tf.split(gates, [int(part.shape[-1]) for part in flat], axis=-1)
        return tf.nest.pack_sequence_as(inputs, [self._gated(x, gate) for x, gate in zip(flat, parts, strict=True)])

    def _gated(self, x: tf.Tensor, gate: tf.Tensor) -> tf.Tensor:
        gate = tf.cast(gate, x.dtype)
        if len(gate.shape) == 1:
            return x * gate
        # Each gate has its own slice of the batch, as long as any other's.
        sliced = tf.reshape(x, [self.gate_count, tf.shape(x)[0] // self.gate_count, -1, x.shape[-1]])
        return tf.reshape(sliced * gate[:, None, None, :], tf.shape(x))

    def set_mode(self, mode: int) -> None:
        """OPEN: all gates 1 (warm-up). SOFT: the search. HARD: picked columns 1, all others 0."""
        if not self.built:  # a model is often built by its first batch, after callbacks have begun
            self.build([None, len(self.candidates)])
        self.mode.assign(mode)

    def frontier(self) -> npt.NDArray[np.bool_]:
        """Candidates that have chunks left, [candidates]."""
        return np.asarray(self.level.numpy() < self.depth)

    def pick(self, candidates: Sequence[int], member: int | None = None) -> None:
        """Adds the next chunk of each candidate; draws all logits (with `member`, those of that gate) back to their start.

        Raises:
          ValueError: a candidate has no chunk left.
        """
        levels, logits = self.level.numpy(), self.logits.numpy()
        level = levels if member is None else levels[member]
        for candidate in candidates:
            if level[..., candidate].max() >= self.depth[candidate]:
                raise ValueError(f"candidate {candidate} has no chunk left to pick")
            level[..., candidate] += 1
        # What has just been picked changes what the others are worth: the next round learns that anew.
        logits[... if member is None else member] = 0.0
        self.level.assign(levels)
        self.logits.assign(logits)

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        return {**super().get_config(), "candidates": self.candidates, "chunks": self.chunks, "gate_count": self.gate_count}


def _shapes(structure: object) -> list[tf.TensorShape]:
    """The shapes of one input, or of each of a list or dict of inputs in the order of `tf.nest.flatten`."""
    if isinstance(structure, dict):
        return [tf.TensorShape(structure[key]) for key in sorted(structure)]
    if isinstance(structure, list | tuple) and not all(axis is None or isinstance(axis, int) for axis in structure):
        return [tf.TensorShape(shape) for shape in structure]
    return [tf.TensorShape(structure)]

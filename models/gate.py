"""The Sequential Attention gate: one attention weight per candidate, multiplied into what the candidates look up.

Source: Yasuda, Bateni, Chen, Fahrbach, Fu, Mirrokni, "Sequential Attention for Feature Selection", ICLR 2023, and the
embedding chunks of Google Research's blog post of 4 February 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

OPEN, SOFT, HARD = 0, 1, 2


@tf.keras.utils.register_keras_serializable("winnow")
class SequentialAttention(tf.keras.layers.Layer):
    """Gates the columns of its input by candidate and chunk.

    A candidate (a feature, or a group of them) owns columns, cut into one or more chunks. Its chunks are picked in
    order. The gate of a column is 1 if its chunk is picked, `softmax(logits)` over all candidates that have chunks left if
    its chunk is the candidate's next, and 0 if it is a later one. With one chunk a candidate this is the paper's mask.

    Forward passes never change the gate's state, in training, evaluation or export: `open`, `start` and `pick` do, and
    are called between steps, from a callback or the training loop, outside any replica.

    Args:
      candidates: [columns] index of the candidate that owns each column of the input.
      chunks: [columns] chunk of each column within its candidate, counted from 0; all 0 if left out.

    Input: float [batch, columns]. Output: the same shape and dtype.

    Example:
      gate = SequentialAttention.over([16, 16, 1])        # three features: two embeddings and a number
      x = gate(tf.concat([user, video, age], axis=1))
      ...
      model.fit(data, epochs=rounds, steps_per_epoch=25, callbacks=[PickCallback(gate, ...)])
    """

    def __init__(self, candidates: Sequence[int], chunks: Sequence[int] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.candidates = [int(value) for value in candidates]
        self.chunks = [int(value) for value in (chunks if chunks is not None else [0] * len(self.candidates))]
        if len(self.candidates) != len(self.chunks) or not self.candidates:
            raise ValueError("candidates and chunks need one value for each of one or more columns")
        self.size = max(self.candidates) + 1
        self.depth = np.zeros(self.size, np.int32)  # chunks each candidate has
        np.maximum.at(self.depth, self.candidates, np.asarray(self.chunks, np.int32) + 1)

    @classmethod
    def over(cls, widths: Sequence[int], **kwargs: Any) -> SequentialAttention:
        """A gate over whole features of the given widths, in the order in which their columns stand."""
        return cls(np.repeat(np.arange(len(widths)), widths).tolist(), **kwargs)

    def build(self, input_shape: Any) -> None:
        """Makes the logits (trained) and the state (never trained, one copy's value everywhere)."""
        if input_shape[-1] != len(self.candidates):
            raise ValueError(f"the gate was made for {len(self.candidates)} columns, its input has {input_shape[-1]}")
        state = {"trainable": False, "dtype": tf.int32, "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        self.logits = self.add_weight(name="logits", shape=[self.size], initializer="zeros", dtype=tf.float32)
        self.level = self.add_weight(name="level", shape=[self.size], initializer="zeros", **state)
        self.mode = self.add_weight(name="mode", shape=[], initializer="zeros", **state)
        super().build(input_shape)

    def attention(self) -> tf.Tensor:
        """Softmax of the logits over the candidates with chunks left, float32 [candidates], 0 elsewhere."""
        left = self.level < self.depth
        masked = tf.where(left, self.logits, tf.float32.min)
        return tf.where(left, tf.nn.softmax(masked), 0.0)

    def weights_of_columns(self) -> tf.Tensor:
        """The gate itself, float32 [columns]."""
        level = tf.gather(self.level, self.candidates)
        soft = tf.gather(self.attention(), self.candidates)
        soft = tf.where(tf.equal(self.mode, SOFT), soft, 0.0)
        picked = tf.cast(self.chunks < level, tf.float32)
        gates = tf.where(tf.equal(self.chunks, level), soft, picked)
        return tf.where(tf.equal(self.mode, OPEN), 1.0, gates)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiplies each column by its gate."""
        return inputs * tf.cast(self.weights_of_columns(), inputs.dtype)

    def set_mode(self, mode: int) -> None:
        """OPEN: all gates 1 (warm-up). SOFT: the search. HARD: picked columns 1, all others 0."""
        self.mode.assign(mode)

    def frontier(self) -> npt.NDArray[np.bool_]:
        """Candidates that have chunks left, [candidates]."""
        return np.asarray(self.level.numpy() < self.depth)

    def pick(self, candidates: Sequence[int]) -> None:
        """Adds the next chunk of each given candidate and draws all logits back to their start.

        Raises:
          ValueError: a candidate has no chunk left.
        """
        level = self.level.numpy()
        for candidate in candidates:
            if level[candidate] >= self.depth[candidate]:
                raise ValueError(f"candidate {candidate} has no chunk left to pick")
            level[candidate] += 1
        self.level.assign(level)
        self.logits.assign(tf.zeros_like(self.logits))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "candidates": self.candidates, "chunks": self.chunks}

"""Layers of the kept blocks alone: what is left of a block-sparse layer for serving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

_BYTES = 4  # of a float32 or an int32
Activation: TypeAlias = "str | Callable[[tf.Tensor], tf.Tensor] | None"


@tf.keras.utils.register_keras_serializable("winnow")
class CompactDense(tf.keras.layers.Layer):
    """A dense layer that stores and multiplies only the kept blocks of its matrix; for inference.

    The inputs are gathered block by block and multiplied in one batched product: of whole columns of blocks where each column
    has the same number, else of single blocks, whose products are summed. Input blocks that nothing reads are never touched,
    and an output block without blocks is its bias. Nothing but gather, matmul and sums, so that it runs everywhere.

    Args:
      inputs: columns of the input.
      units: outputs.
      block: rows and columns of a block.
      kept: blocks there are.
      balanced: whether each column of blocks has the same number.
      activation: as of Keras' layers.

    Input: float [batch, inputs]. Output: [batch, units].
    """

    def __init__(
        self, inputs: int, units: int, block: int, kept: int, balanced: bool, activation: Activation = None, **kwargs: object
    ) -> None:
        super().__init__(trainable=False, **kwargs)
        self.inputs, self.units, self.block, self.kept, self.balanced = inputs, units, block, kept, balanced
        self.activation = tf.keras.activations.get(activation)
        self.blocks = self.add_weight("blocks", [kept, block, block], tf.float32)
        self.rows = self.add_weight("rows", [kept], tf.int32, "zeros")
        # Balanced columns need no index: blocks stand column after column, the same number for each.
        self.columns = None if balanced else self.add_weight("columns", [kept], tf.int32, "zeros")
        self.bias = self.add_weight("bias", [units], tf.float32, "zeros")
        # All sizes are known, so that a loaded model needs no first batch to get its weights.
        self.built = True

    def fill(
        self, blocks: npt.NDArray[np.floating], rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer], bias: tf.Tensor
    ) -> None:
        """Sets the weights: blocks [kept, block, block] column of blocks by column, where they stand [kept], and the bias."""
        self.blocks.assign(blocks)
        self.rows.assign(rows)
        if self.columns is not None:
            self.columns.assign(columns)
        self.bias.assign(bias)

    @property
    def bytes(self) -> int:
        """Of all that is stored."""
        return sum(_BYTES * int(np.prod(weight.shape)) for weight in self.weights)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return self.activation(tf.nn.bias_add(self._product(inputs), tf.cast(self.bias, inputs.dtype)))

    def _product(self, inputs: tf.Tensor) -> tf.Tensor:
        """[batch, units]. Blocks lie across and examples along the memory, so that a gather copies long runs."""
        b = self.block
        high, wide = -(-self.inputs // b), -(-self.units // b)
        across = tf.pad(tf.transpose(inputs), [[0, high * b - self.inputs], [0, 0]])
        taken = tf.gather(tf.reshape(across, [high, b, -1]), self.rows)
        blocks = tf.cast(self.blocks, inputs.dtype)
        if self.balanced:
            deep = self.kept // wide * b
            examples = tf.shape(inputs)[0]
            taken = tf.reshape(taken, [wide, deep, examples])
            products = tf.matmul(tf.reshape(blocks, [wide, deep, b]), taken, transpose_a=True)
        else:
            products = tf.matmul(blocks, taken, transpose_a=True)
            products = tf.math.unsorted_segment_sum(products, self.columns, wide)
        return tf.transpose(tf.reshape(products, [wide * b, -1])[: self.units])

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        arguments = {name: getattr(self, name) for name in ("inputs", "units", "block", "kept", "balanced")}
        return {**super().get_config(), **arguments, "activation": tf.keras.activations.serialize(self.activation)}


@tf.keras.utils.register_keras_serializable("winnow")
class CompactConv2D(CompactDense):
    """A convolution as the product of its patches with the kept blocks; made by `BlockSparseConv2D.compact`.

    Input: float [batch, height, width, channels]. Output: [batch, height', width', units].
    """

    def __init__(self, *args: Any, size: int, strides: int, padding: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.size, self.strides, self.padding = size, strides, padding

    def _product(self, inputs: tf.Tensor) -> tf.Tensor:
        sizes, strides = [1, self.size, self.size, 1], [1, self.strides, self.strides, 1]
        patches = tf.image.extract_patches(inputs, sizes, strides, [1, 1, 1, 1], self.padding.upper())
        positions = tf.shape(patches)[:3]  # batch, height, width
        # A patch has the order of a kernel's matrix: height, width, channels.
        flat = super()._product(tf.reshape(patches, [-1, self.inputs]))
        return tf.reshape(flat, tf.concat([positions, [self.units]], 0))

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        return {**super().get_config(), "size": self.size, "strides": self.strides, "padding": self.padding}

"""Layers of the kept blocks alone: what is left of a block-sparse layer for serving."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


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
        self, inputs: int, units: int, block: int, kept: int, balanced: bool, activation: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(trainable=False, **kwargs)
        self.inputs, self.units, self.block, self.kept, self.balanced = inputs, units, block, kept, balanced
        self.activation = tf.keras.activations.get(activation)
        self.blocks = self.add_weight("blocks", [kept, block, block], tf.float32)
        self.rows = self.add_weight("rows", [kept], tf.int32, "zeros")
        self.columns = None if balanced else self.add_weight("columns", [kept], tf.int32, "zeros")
        self.bias = self.add_weight("bias", [units], tf.float32, "zeros")
        self.built = True

    @classmethod
    def of(cls, layer: Any, **more: Any) -> Any:
        """From a block-sparse layer."""
        mask = layer.mask.numpy() > 0
        columns, rows = np.nonzero(mask.T)
        balanced = len(set(mask.sum(0).tolist())) == 1
        activation = tf.keras.activations.serialize(layer.activation)
        made = cls(layer.inputs, layer.units, layer.block, len(rows), balanced, activation=activation, name=layer.name, **more)
        made.blocks.assign(layer.blocks_of(tf.cast(layer.weights_in_use(), tf.float32).numpy())[rows, columns])
        made.rows.assign(rows)
        if made.columns is not None:
            made.columns.assign(columns)
        made.bias.assign(layer.bias)
        return made

    @property
    def bytes(self) -> int:
        """Of all that is stored."""
        return sum(4 * int(np.prod(weight.shape)) for weight in self.weights)

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

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = {name: getattr(self, name) for name in ("inputs", "units", "block", "kept", "balanced")}
        return {**super().get_config(), **own, "activation": tf.keras.activations.serialize(self.activation)}


@tf.keras.utils.register_keras_serializable("winnow")
class CompactConv2D(CompactDense):
    """A convolution as the product of its patches with the kept blocks; made by `BlockSparseConv2D.compact`.

    Input: float [batch, height, width, channels]. Output: [batch, height', width', units].
    """

    def __init__(self, *args: Any, size: int, strides: int, padding: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.size, self.strides, self.padding = size, strides, padding

    @classmethod
    def of(cls, layer: Any, **more: Any) -> Any:
        """From a block-sparse convolution."""
        return super().of(layer, size=layer.size, strides=layer.strides, padding=layer.padding)

    def _product(self, inputs: tf.Tensor) -> tf.Tensor:
        sizes, strides = [1, self.size, self.size, 1], [1, self.strides, self.strides, 1]
        patches = tf.image.extract_patches(inputs, sizes, strides, [1, 1, 1, 1], self.padding.upper())
        places = tf.shape(patches)[:3]
        flat = super()._product(tf.reshape(patches, [-1, self.inputs]))
        return tf.reshape(flat, tf.concat([places, [self.units]], 0))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "size": self.size, "strides": self.strides, "padding": self.padding}

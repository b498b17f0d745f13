"""Block-sparse layers: dense and convolution."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from models.sparsity.block_sparse import BlockSparse
from models.sparsity.compact import CompactConv2D, CompactDense


@tf.keras.utils.register_keras_serializable("winnow")
class BlockSparseDense(BlockSparse):
    """A dense layer in blocks; arguments as above.

    Input: float [batch, inputs]. Output: [batch, units].

    Example (the phases of the training are its epochs):
      layer = BlockSparseDense(400, block=20, sparsity=0.9, activation="relu")
      model.fit(data, epochs=p.rounds, steps_per_epoch=p.steps_per_round, callbacks=[BlockMasks([layer], p)])
      small = layer.compact()
    """

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes kernel [inputs, units], bias, mask and logits."""
        inputs = int(tf.TensorShape(input_shape)[-1])
        self.kernel = self.add_weight("kernel", [inputs, self.units], tf.float32, "glorot_uniform")
        self.bias = self.add_weight("bias", [self.units], tf.float32, "zeros")
        self.make_blocks(inputs)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return self.activation(tf.nn.bias_add(tf.matmul(inputs, self.weights_in_use()), self.bias))

    def empty_compact(self, kept: int, balanced: bool) -> CompactDense:
        """See the base."""
        return CompactDense(self.inputs, self.units, self.block, kept, balanced, self.activation, name=self.name)


@tf.keras.utils.register_keras_serializable("winnow")
class BlockSparseConv2D(BlockSparse):
    """A convolution whose kernel is cut as a matrix [height * width * channels, units].

    Args:
      units: output channels.
      size: height and width of the kernel.
      strides: in both directions.
      padding: `same` or `valid`.
      apart: as of the base, but false: places of an image tell much the same.
      **kwargs: of the base.

    Input: float [batch, height, width, channels]. Output: [batch, height', width', units].
    """

    def __init__(
        self, units: int, size: int, strides: int = 1, padding: str = "same", apart: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(units, apart=apart, **kwargs)
        self.size, self.strides, self.padding = size, strides, padding

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes kernel [size, size, channels, units], bias, mask and logits."""
        channels = int(tf.TensorShape(input_shape)[-1])
        shape = [self.size, self.size, channels, self.units]
        self.kernel = self.add_weight("kernel", shape, tf.float32, "glorot_uniform")
        self.bias = self.add_weight("bias", [self.units], tf.float32, "zeros")
        self.make_blocks(self.size * self.size * channels)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        # Multiplying with zeros: only the compact form spares them, as masks change while it trains.
        kernel = tf.reshape(self.weights_in_use(), self.kernel.shape)
        outputs = tf.nn.conv2d(inputs, kernel, self.strides, self.padding.upper())
        return self.activation(tf.nn.bias_add(outputs, self.bias))

    def empty_compact(self, kept: int, balanced: bool) -> CompactConv2D:
        """See the base."""
        matrix = (self.inputs, self.units, self.block, kept, balanced, self.activation)
        return CompactConv2D(*matrix, size=self.size, strides=self.strides, padding=self.padding, name=self.name)

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        return {**super().get_config(), "size": self.size, "strides": self.strides, "padding": self.padding}

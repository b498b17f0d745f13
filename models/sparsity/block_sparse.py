"""A weight matrix that thins out by whole blocks, chosen by attention: the base of the block-sparse layers.

Source: Yasuda, Axiotis, Fu, Bateni, Mirrokni, "SequentialAttention++ for Block Sparsification: Differentiable Pruning Meets
Combinatorial Optimization", NeurIPS 2024.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import ConfigError
from models.sparsity.blocks import strongest
from models.sparsity.compact import Activation, CompactDense

# The config's section, named in errors.
FIELD = "model.tower.block_sparsity"
# A matrix of fewer blocks is left as it is, as in the paper.
MIN_BLOCKS = 100
Floats = npt.NDArray[np.floating]


class BlockSparse(tf.keras.layers.Layer):
    """A matrix [inputs, units] in square blocks; those at its edges may reach over them.

    The weights in use are `kernel * attention * mask`: attention is a softmax of one logit a block, scaled
    to mean 1, and the mask is 1 for the blocks that stay. As with the feature gate, forward passes never change
    the mask: `keep` does, and is called between steps (`models.sparsity.masks.BlockMasks`).

    Args:
      units: outputs.
      block: rows and columns of a block.
      sparsity: share of the blocks to be taken away in the end, between 0 and 1.
      activation: as of Keras' layers.
      attention: whether blocks have trained logits; without, attention is 1.
      balanced: whether each block of outputs keeps the same number of input blocks, and each of inputs about the same.
      apart: whether the inputs each tell something of their own, as features do and places of an image do not. Then rows and
        columns share the places (`models.sparsity.blocks.strongest`), and attention is among the blocks that are left.
    """

    def __init__(
        self,
        units: int,
        block: int,
        sparsity: float,
        activation: Activation = None,
        attention: bool = True,
        balanced: bool = False,
        apart: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < sparsity < 1:
            raise ConfigError(f"{FIELD}.sparsity: {self.name} cannot lose {sparsity} of its blocks; use 0.01 to 0.99")
        self.units, self.block, self.sparsity = units, block, sparsity
        self.activation = tf.keras.activations.get(activation)
        self.with_attention, self.balanced, self.apart = attention, balanced, apart

    @property
    def prunable(self) -> bool:
        """Whether the matrix has blocks enough to be thinned."""
        return int(np.prod(self.grid)) >= MIN_BLOCKS

    @property
    def staying(self) -> int:
        """Blocks that stay in the end."""
        return int(strongest(np.zeros(self.grid), self.sparsity, self.balanced).sum())

    @property
    def note(self) -> str:
        """What is thinned, or why nothing is, in words."""
        blocks = f"{self.name}: {self.grid[0]} x {self.grid[1]} blocks of {self.block} x {self.block}"
        return f"{blocks}, {self.staying} to stay" if self.prunable else f"{blocks}, fewer than {MIN_BLOCKS}: left dense"

    def make_blocks(self, inputs: int) -> None:
        """Makes the mask and the logits of a matrix [inputs, units].

        Raises:
          ConfigError: a block is larger than the matrix, or none would stay.
        """
        if not 1 <= self.block <= min(inputs, self.units):
            near = min(max(self.block, 1), inputs, self.units)
            raise ConfigError(f"{FIELD}.block: {self.block} does not fit {self.name}, {inputs} x {self.units}; use {near}")
        self.inputs = inputs
        self.grid = (-(-inputs // self.block), -(-self.units // self.block))
        if not self.prunable:
            return
        blocks = self.grid[0] * self.grid[1]
        if not self.staying:
            # Rounded down at the fourth digit, so that what the message proposes is accepted.
            most = np.floor(1e4 * (1 - 0.5 / blocks)) / 1e4
            raise ConfigError(
                f"{FIELD}.sparsity: {self.sparsity} leaves {self.name} none of its {blocks} blocks; use at most {most}"
            )
        # Masks are set on the host, alike for all replicas: there is nothing to add up.
        only_first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self.mask = self.add_weight("mask", self.grid, tf.float32, "ones", trainable=False, aggregation=only_first)
        if self.with_attention:
            self.logits = self.add_weight("logits", self.grid, tf.float32, "zeros")

    def attention(self) -> tf.Tensor:
        """Softmax of the logits over the blocks that are left (or, not `apart`, over all), scaled to mean 1 over them.

        Returns:
          Float32 [block rows, block columns]; 0 for blocks that are not in the softmax.
        """
        if not self.with_attention:
            return tf.ones(self.grid)
        logits = tf.cast(self.logits, tf.float32)
        among = tf.cast(self.mask, tf.float32) if self.apart else tf.ones(self.grid)
        # The least float and not minus infinity, whose softmax over nothing but itself is not a number.
        masked = tf.where(among > 0, logits, tf.float32.min)
        return tf.reshape(tf.nn.softmax(tf.reshape(masked, [-1])), self.grid) * tf.reduce_sum(among)

    def weights_in_use(self) -> tf.Tensor:
        """`kernel * attention * mask`, [inputs, units]."""
        if not self.prunable:
            return self.matrix()
        factors = self.attention() * tf.cast(self.mask, tf.float32)
        # Each block's factor on all its elements; what reaches over the matrix's edge is cut off again.
        spread = tf.broadcast_to(factors[:, None, :, None], [self.grid[0], self.block, self.grid[1], self.block])
        whole = tf.reshape(spread, [self.grid[0] * self.block, self.grid[1] * self.block])
        # Attention is computed in float32 and applied in the layer's precision.
        return self.matrix() * tf.cast(whole[: self.inputs, : self.units], self.compute_dtype)

    def blocks_of(self, matrix: Floats) -> Floats:
        """A matrix [inputs, units] cut into blocks [block rows, block columns, block, block], zeros over the edges."""
        short = [(0, size * self.block - have) for size, have in zip(self.grid, matrix.shape, strict=True)]
        padded = np.pad(matrix, short)
        return padded.reshape(self.grid[0], self.block, self.grid[1], self.block).transpose(0, 2, 1, 3)

    def matrix(self) -> tf.Tensor:
        """The kernel as [inputs, units]."""
        return tf.reshape(self.kernel, [self.inputs, self.units])

    def keep(self, mask: npt.NDArray[np.bool_]) -> None:
        """Leaves the blocks where `mask` [block rows, block columns] is true."""
        self.mask.assign(mask.astype(np.float32))

    def compact(self) -> CompactDense:
        """A layer of the kept blocks alone, with the attention folded into them; its outputs are the same."""
        mask = self.mask.numpy() > 0
        columns, rows = np.nonzero(mask.T)
        layer = self.empty_compact(len(rows), balanced=len(set(mask.sum(0).tolist())) == 1)
        weights = tf.cast(self.weights_in_use(), tf.float32).numpy()
        layer.fill(self.blocks_of(weights)[rows, columns], rows, columns, self.bias)
        return layer

    def empty_compact(self, kept: int, balanced: bool) -> CompactDense:
        """The compact form for so many blocks, the same number in each column of blocks or not; its weights are not set."""
        raise NotImplementedError(f"{type(self).__name__} has no compact form")

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs."""
        arguments = {name: getattr(self, name) for name in ("units", "block", "sparsity", "balanced", "apart")}
        activation = tf.keras.activations.serialize(self.activation)
        return {**super().get_config(), **arguments, "activation": activation, "attention": self.with_attention}

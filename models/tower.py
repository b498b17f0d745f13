"""The dense layers over the crossed embeddings: all weights, or the blocks that are worth theirs."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_recommenders as tfrs

from features.config.model import TowerConfig
from models.sparsity.block_sparse import BlockSparse
from models.sparsity.layers import BlockSparseDense
from models.sparsity.masks import METHODS


def make_tower(config: TowerConfig) -> tf.keras.layers.Layer:
    """ReLU layers and one output: float [batch, columns] -> [batch, 1].

    Under `block_sparsity` all but the output are thinned, balanced, so that the compact form is one batched product a layer.
    """
    sparsity = config.block_sparsity
    if sparsity is None:
        return tfrs.layers.blocks.MLP([*config.units, 1], final_activation=None, name="tower")
    # Layers whose method has no use for logits do not train any.
    attention = METHODS[sparsity.method].attention
    layers = [
        BlockSparseDense(units, sparsity.block, sparsity.sparsity, "relu", attention, balanced=True, name=f"tower_{n}")
        for n, units in enumerate(config.units)
    ]
    return tf.keras.Sequential([*layers, tf.keras.layers.Dense(1)], name="tower")


def compact(tower: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
    """The same function with the kept blocks alone, for serving."""
    sparse = sparse_layers(tower)
    if not sparse:
        return tower
    thinned = {id(layer): layer.compact() for layer in sparse if layer.prunable}
    smaller = tf.keras.Sequential([thinned.get(id(layer), layer) for layer in tower.layers], name="tower")
    smaller(tf.zeros([1, sparse[0].inputs]))  # builds it
    return smaller


def sparse_layers(model: tf.Module) -> list[BlockSparse]:
    """The block-sparse layers of a model, in their order."""
    return [layer for layer in model.submodules if isinstance(layer, BlockSparse)]

"""Small block-sparse layers, built and trained."""

import numpy as np
import tensorflow as tf

from models.sparsity.layers import BlockSparseDense
from models.sparsity.masks import METHODS, BlockMasks


def built(units=5, inputs=6, block=2, sparsity=0.5, **more) -> BlockSparseDense:
    tf.keras.utils.set_random_seed(1)
    layer = BlockSparseDense(units, block, sparsity, **more)
    layer(tf.zeros([1, inputs]))
    return layer


def some_mask(layer) -> np.ndarray:
    return np.random.default_rng(0).random(layer.grid) < 0.5


def trained(method: str, reset: bool = False, **more):
    """A network trained on a target of which only the first of five input blocks tells anything."""
    tf.keras.utils.set_random_seed(2)
    layer = BlockSparseDense(20, 2, 0.9, "relu", attention=METHODS[method].attention, **more)
    model = tf.keras.Sequential([layer, tf.keras.layers.Dense(1)])
    x = np.random.default_rng(3).normal(size=(2048, 10)).astype(np.float32)
    y = np.tanh(x[:, :1] * 2) + np.abs(x[:, 1:2])
    model(x[:1])
    model.compile(tf.keras.optimizers.legacy.Adam(1e-2), "mse")
    phases = METHODS[method].phases(steps=256, rounds=16)
    masks = BlockMasks([layer], phases, method, seed=5, reset=reset)
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(64)
    model.fit(data, epochs=phases.rounds, steps_per_epoch=phases.steps_per_round, callbacks=[masks], verbose=0)
    return model, layer, x, y

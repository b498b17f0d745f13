"""Block-sparse layers: against Keras' own, evaluated, saved and loaded."""

import numpy as np
import tensorflow as tf

from models.sparsity.layers import BlockSparseConv2D
from tests.models.sparsity.small_layers import built, some_mask, trained


def test_the_dense_layer_is_that_of_the_masked_kernel(every_matrix):
    layer = built(activation="relu")
    layer.bias.assign([0.1, -0.2, 0.3, -0.4, 0.5])
    layer.keep(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], bool))
    kernel = np.zeros([6, 5])
    for at in (0, 2, 4):
        kernel[at : at + 2, at : at + 2] = layer.kernel.numpy()[at : at + 2, at : at + 2]
    # All logits are equal, so that attention is 1 for each of the three blocks left.
    x = np.random.default_rng(0).normal(size=[4, 6]).astype(np.float32)
    np.testing.assert_allclose(layer(x), np.maximum(x @ kernel + layer.bias.numpy(), 0), atol=1e-6)


def test_the_convolution_is_that_of_the_masked_kernel(every_matrix):
    tf.keras.utils.set_random_seed(1)
    layer = BlockSparseConv2D(5, size=3, block=2, sparsity=0.5, strides=2)
    images = tf.random.normal([2, 7, 7, 3])
    layer(images)
    assert layer.grid == (14, 3)  # 27 x 5
    layer.keep(some_mask(layer))
    kernel = layer.kernel.numpy().reshape(27, 5)
    for row, column in np.argwhere(layer.mask.numpy() == 0):
        kernel[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 0
    expected = tf.nn.conv2d(images, kernel.reshape(3, 3, 3, 5), 2, "SAME")
    np.testing.assert_allclose(layer(images), expected, atol=1e-5)


def test_evaluation_leaves_the_state_alone(every_matrix):
    model, layer, x, y = trained("sequential_attention")
    before = [weight.numpy() for weight in layer.weights]
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    for weight, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_saves_and_loads(every_matrix, tmp_path):
    model, layer, x, _ = trained("sequential_attention")
    model.save(tmp_path / "model.keras")
    again = tf.keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.layers[0].mask, layer.mask)
    np.testing.assert_allclose(again(x), model(x), atol=1e-6)

"""A matrix in blocks: attention, mask and weights, hand-computed."""

import numpy as np
import pytest
import tensorflow as tf

from features.errors import ConfigError
from models.sparsity.layers import BlockSparseDense
from tests.models.sparsity.small_layers import built


def test_attention_has_mean_one_and_follows_the_logits(every_matrix):
    layer = built()
    assert layer.grid == (3, 3)  # the last column of blocks reaches over the matrix
    np.testing.assert_allclose(layer.attention(), np.ones([3, 3]), atol=1e-6)
    layer.logits.assign(np.log(np.arange(1.0, 10.0)).reshape(3, 3))
    np.testing.assert_allclose(layer.attention(), np.arange(1.0, 10.0).reshape(3, 3) / 5, rtol=1e-5)


def test_attention_is_among_the_blocks_left_where_inputs_stand_apart(every_matrix):
    among_two, among_all = [0.5, 0, 1.5], [0.5, 1, 1.5]  # 2/8 and 6/8 times 2; 2/12, 4/12 and 6/12 times 3
    for apart, expected in ((True, among_two), (False, among_all)):
        layer = BlockSparseDense(2, 2, 0.5, apart=apart)
        layer(tf.zeros([1, 6]))
        layer.logits.assign(np.log([[2.0], [4.0], [6.0]]))
        layer.keep(np.array([[True], [False], [True]]))
        np.testing.assert_allclose(layer.attention()[:, 0], expected, rtol=1e-5)


def test_weights_in_use_are_kernel_times_attention_times_mask(every_matrix):
    layer = built()
    layer.kernel.assign(tf.ones([6, 5]))
    layer.logits.assign(np.log(np.arange(1.0, 10.0)).reshape(3, 3))
    layer.keep(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], bool))
    expected = np.zeros([6, 5], np.float32)
    expected[:2, :2], expected[2:4, 2:4], expected[4:, 4:] = 0.2, 1.0, 1.8
    np.testing.assert_allclose(layer.weights_in_use(), expected, rtol=1e-5)


def test_blocks_that_are_gone_have_no_gradient(every_matrix):
    layer = built()
    layer.keep(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], bool))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.ones([3, 6])) ** 2)
    gradient = tape.gradient(loss, layer.kernel).numpy()
    assert (layer.blocks_of(gradient).any((2, 3)) == np.eye(3, dtype=bool)).all()


def test_small_layers_are_left_dense_with_a_note():
    small, large = built(8, 8, 2, name="small"), built(20, 20, 2, name="large")
    assert not small.prunable
    assert small.note == "small: 4 x 4 blocks of 2 x 2, fewer than 100: left dense"
    assert large.note == "large: 10 x 10 blocks of 2 x 2, 50 to stay"
    assert [w.name.split("/")[-1] for w in small.weights] == ["kernel:0", "bias:0"]
    np.testing.assert_allclose(small(tf.eye(8)), small.kernel)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"block": 7}, r"block_sparsity.block: 7 does not fit few, 6 x 5; use 5"),
        ({"block": 0}, r"block_sparsity.block: 0 does not fit few, 6 x 5; use 1"),
        ({"sparsity": 1.0}, r"block_sparsity.sparsity: few cannot lose 1.0 of its blocks; use 0.01 to 0.99"),
        ({"sparsity": 0.99}, r"block_sparsity.sparsity: 0.99 leaves few none of its 9 blocks; use at most 0.9444"),
    ],
)
def test_what_cannot_be_is_refused(every_matrix, arguments, message):
    with pytest.raises(ConfigError, match=message):
        built(**arguments, name="few")

"""The compact form of block-sparse layers: the same scores, fewer bytes."""

import numpy as np
import pytest
import tensorflow as tf

from models.sparsity.layers import BlockSparseConv2D
from models.sparsity.masks import BlockMasks
from models.sparsity.phases import Phases
from tests.models.sparsity.small_layers import built, some_mask, trained


@pytest.mark.parametrize("balanced", [False, True])
def test_the_compact_form_scores_the_same(every_matrix, balanced):
    _, layer, x, _ = trained("sequential_attention", balanced=balanced)
    small = layer.compact()
    np.testing.assert_allclose(small(x), layer(x), atol=1e-5)
    assert small.blocks.shape[0] == layer.mask.numpy().sum()


def test_the_compact_form_reaches_over_no_edge_and_has_dead_columns_be_their_bias(every_matrix):
    layer = built(5, 7, 2)
    layer.bias.assign([1.0, 2.0, 3.0, 4.0, 5.0])
    layer.keep(np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]], bool))
    x = tf.random.normal([9, 7])
    small = layer.compact()
    np.testing.assert_allclose(small(x), layer(x), atol=1e-6)
    np.testing.assert_allclose(small(x)[:, 2:4], np.broadcast_to([3.0, 4.0], [9, 2]))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_compact_convolution_gives_the_same(every_matrix, padding):
    layer = BlockSparseConv2D(6, size=3, block=2, sparsity=0.5, strides=2, padding=padding, activation="relu")
    images = tf.random.normal([4, 9, 8, 3])
    layer(images)
    layer.keep(some_mask(layer))
    np.testing.assert_allclose(layer.compact()(images), layer(images), atol=1e-5)


def test_a_tenth_of_the_blocks_is_about_a_tenth_of_the_bytes():
    layer = built(1024, 1248, 16, 0.9, balanced=True)
    BlockMasks([layer], Phases.of(3), "random").on_epoch_end(0)
    blocks, indices, bias = 8 * 64 * 16 * 16, 8 * 64, 1024  # 8 of 78 rows in each of 64 columns
    assert layer.compact().bytes == 4 * (blocks + indices + bias)
    assert layer.compact().bytes / (4 * 1248 * 1024) < 0.15


def test_the_compact_form_is_saved_without_zeros_or_masks(every_matrix, tmp_path):
    _, layer, x, _ = trained("sequential_attention", balanced=True)
    module = tf.Module()
    module.layer = layer.compact()
    module.score = tf.function(module.layer.call, input_signature=[tf.TensorSpec([None, 10])])
    tf.saved_model.save(module, str(tmp_path / "m"))
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    np.testing.assert_allclose(loaded.score(x), layer(x), atol=1e-5)
    shapes = [tuple(shape) for _, shape in tf.train.list_variables(str(tmp_path / "m" / "variables" / "variables"))]
    assert (10, 2, 2) in shapes  # one block of five in each of ten columns
    assert max(int(np.prod(shape)) for shape in shapes) == 40

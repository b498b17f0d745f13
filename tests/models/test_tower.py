"""The tower: a plain network, or one of blocks whose compact form scores the same."""

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import BlockSparsityConfig, TowerConfig
from models.sparsity.compact import CompactDense
from models.tower import compact, make_tower, sparse_layers

SPARSITY = BlockSparsityConfig(block=2, sparsity=0.5)


def test_a_dense_tower_is_relu_layers_and_one_output():
    tower = make_tower(TowerConfig(units=[3, 2]))
    x = np.array([[1.0, -2.0], [0.5, 4.0]], np.float32)
    tower(x)
    w1, b1, w2, b2, w3, b3 = tower.get_weights()
    hidden = np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0)
    np.testing.assert_allclose(tower(x), hidden @ w3 + b3, rtol=1e-5)
    assert sparse_layers(tower) == []
    assert compact(tower) is tower


def test_all_but_the_output_are_thinned():
    tower = make_tower(TowerConfig(units=[40, 20], block_sparsity=SPARSITY))
    tower(tf.zeros([1, 30]))
    assert [layer.name for layer in sparse_layers(tower)] == ["tower_0", "tower_1"]
    assert [layer.grid for layer in sparse_layers(tower)] == [(15, 20), (20, 10)]
    assert all(layer.balanced for layer in sparse_layers(tower))
    assert tower.layers[-1].kernel.shape == (20, 1)


@pytest.mark.parametrize(("units", "thinned"), [([40, 20], 2), ([40, 2], 1)])
def test_the_compact_tower_scores_the_same(units, thinned):
    """The second layer of [40, 2] has 20 x 1 blocks, too few to thin: it stays the layer it was."""
    tower = make_tower(TowerConfig(units=units, block_sparsity=SPARSITY))
    x = np.random.default_rng(0).normal(size=(5, 30)).astype(np.float32)
    tower(x)
    for layer in sparse_layers(tower)[:thinned]:
        layer.keep(np.random.default_rng(1).random(layer.grid) < 0.5)
    small = compact(tower)
    assert [isinstance(layer, CompactDense) for layer in small.layers] == [n < thinned for n in range(3)]
    np.testing.assert_allclose(small(x), tower(x), atol=1e-5)

"""Block-sparse layers, their callback and their compact form: hand-computed, trained, saved and loaded."""

from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from features.errors import ConfigError
from features.model_config import BlockSparsityConfig, TowerConfig
from models.sparsity.layers import BlockSparseConv2D, BlockSparseDense
from models.sparsity.masks import METHODS, BlockMasks
from models.sparsity.phases import Phases
from models.tower import make_tower


@pytest.fixture
def every_matrix(monkeypatch):
    """Matrices of few blocks are thinned too."""
    monkeypatch.setattr("models.sparsity.layers.MIN_BLOCKS", 1)


def built(units=5, inputs=6, block=2, sparsity=0.5, **more) -> BlockSparseDense:
    tf.keras.utils.set_random_seed(1)
    layer = BlockSparseDense(units, block, sparsity, **more)
    layer(tf.zeros([1, inputs]))
    return layer


def some_mask(layer) -> np.ndarray:
    return np.random.default_rng(0).random(layer.grid) < 0.5


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


def trained(method: str, reset: bool = False, **more):
    """A network trained on a target of which only the first of five input blocks tells anything."""
    tf.keras.utils.set_random_seed(2)
    layer = BlockSparseDense(20, 2, 0.9, "relu", attention=METHODS[method].attention, **more)
    model = tf.keras.Sequential([layer, tf.keras.layers.Dense(1)])
    x = np.random.default_rng(3).normal(size=(2048, 10)).astype(np.float32)
    y = np.tanh(x[:, :1] * 2) + np.abs(x[:, 1:2])
    model(x[:1])
    model.compile(tf.keras.optimizers.legacy.Adam(1e-2), "mse")
    phases = Phases.of(steps=256, rounds=16, **METHODS[method].phases)
    masks = BlockMasks([layer], phases, method, seed=5, reset=reset)
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(64)
    model.fit(data, epochs=phases.rounds, steps_per_epoch=phases.steps_per_round, callbacks=[masks], verbose=0)
    return model, layer, x, y


def test_a_config_can_name_every_method():
    assert get_args(BlockSparsityConfig.model_fields["method"].annotation) == tuple(METHODS)
    for method, own in METHODS.items():
        tower = make_tower(TowerConfig(units=[32], block_sparsity=BlockSparsityConfig(block=2, method=method)))
        tower(tf.zeros([1, 20]))
        assert len(tower.layers[0].trainable_variables) == 2 + own.attention


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_ends_at_the_sparsity_asked_for(every_matrix, method):
    _, layer, *_ = trained(method)
    assert layer.mask.numpy().sum() == 5  # of 50


@pytest.mark.parametrize(("method", "least"), [("sequential_attention", 2), ("magnitude", 4), ("acdc", 4)])
def test_informative_blocks_stay(every_matrix, method, least):
    """Attention keeps fewer of one input's blocks: it shares the places, see `strongest`."""
    _, layer, *_ = trained(method)
    kept = layer.mask.numpy().sum(1)
    assert kept[0] >= least
    assert kept[0] > kept[1:].max()


def test_dense_layers_share_the_places_and_convolutions_do_not(every_matrix):
    dense, convolution = built(4, 36, 2, 0.9), BlockSparseConv2D(4, size=3, block=2, sparsity=0.9)
    convolution(tf.zeros([1, 5, 5, 4]))
    for layer, rows in ((dense, 4), (convolution, 2)):
        assert layer.grid == (18, 2)
        layer.logits.assign(np.repeat(np.linspace(0.1, 0, 18)[:, None], 2, 1))
        BlockMasks([layer], Phases.of(3)).on_epoch_end(0)
        assert layer.mask.numpy().sum() == 4
        assert (layer.mask.numpy().sum(1) > 0).sum() == rows


def test_the_same_seed_gives_the_same_blocks(every_matrix):
    (_, first, *_), (_, second, *_) = trained("random"), trained("random")
    assert (first.mask.numpy() == second.mask.numpy()).all()


def test_balanced_columns_keep_as_many(every_matrix):
    _, layer, *_ = trained("sequential_attention", balanced=True)
    assert layer.mask.numpy().sum(0).tolist() == [1] * 10  # 90 % of 5 is 4.5: one stays


def test_phases_end_with_fresh_slots_if_asked(every_matrix):
    tf.keras.utils.set_random_seed(2)
    layer = built(20, 10, 2)
    model = tf.keras.Sequential([layer])
    model.compile(tf.keras.optimizers.legacy.Adam(1e-2), "mse")
    model.fit(np.ones([64, 10]), np.ones([64, 20]), verbose=0)
    masks = BlockMasks([layer], Phases.of(10, rounds=10), reset=True)
    masks.set_model(model)
    slot = model.optimizer.get_slot(layer.kernel, "m")
    masks.on_epoch_end(0)
    assert np.abs(slot).sum() > 0
    masks.on_epoch_end(1)  # the dense phase ends here
    assert np.abs(slot).sum() == 0


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

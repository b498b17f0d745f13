"""The callback that thins: every method, and in real processes under two replicas and killed in the middle."""

import json
import signal
from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import BlockSparsityConfig, TowerConfig
from models.sparsity.layers import BlockSparseConv2D
from models.sparsity.masks import METHODS, BlockMasks
from models.sparsity.phases import Phases
from models.tower import make_tower
from tests.models.sparsity import small_thinning
from tests.models.sparsity.small_layers import built, trained
from tests.processes import Process

ROWS, COLUMNS = 11, 10  # of blocks; a tenth of 11 rounded up is 2 in each column


def start(asked: dict) -> Process:
    return Process(small_thinning.main, asked, TF_NUM_INTEROP_THREADS="2")


def result(process: Process) -> dict:
    assert process.end() == 0, process.said[-3000:]
    found = next(line for line in process.said.splitlines() if line.startswith('{"masks"'))
    return json.loads(found) | {"said": process.said}


@pytest.fixture(scope="module")
def alone() -> dict:
    """What one device that nobody disturbs ends with."""
    return result(start({}))


def test_blocks_go_in_the_rounds_between_the_dense_and_the_sparse_ones(alone):
    gone = [(1 - np.exp(-4 * n / 10)) / (1 - np.exp(-4)) for n in range(1, 11)]
    falling = [COLUMNS * (ROWS - int(0.9 * share * ROWS)) for share in gone]
    assert alone["counts"] == [COLUMNS * ROWS] * 3 + falling + [COLUMNS * 2] * 7
    assert np.sum(alone["masks"], axis=(0, 1)).tolist() == [2] * COLUMNS


def test_two_replicas_keep_the_same_blocks_as_one_device(alone):
    mirrored = result(start({"strategy": "mirrored"}))
    first, second = mirrored["masks"]
    assert first == second == alone["masks"][0]
    assert mirrored["counts"] == alone["counts"]


def test_a_training_killed_while_blocks_go_ends_as_if_it_had_not_been(alone, tmp_path):
    folder = {"folder": str(tmp_path)}
    killed = start(folder | {"die_at": 48})
    assert killed.end() == -signal.SIGKILL
    again = result(start(folder))
    assert "going on from the checkpoint of step 40" in again["said"]
    assert COLUMNS * ROWS > again["counts"][0] > COLUMNS * 2
    assert again["counts"] == alone["counts"][-len(again["counts"]) :]
    assert again["masks"] == alone["masks"]
    assert again["checksum"] == alone["checksum"]


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

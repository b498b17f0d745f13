"""One model of a run, trained from scratch: what it learns, on which rows, and what it leaves behind."""

import numpy as np
import pyarrow as pa
import pytest

from features.config import Config
from features.encoding import Encoding
from models.tower import sparse_layers
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.workspace import Workspace
from pipeline.training import fit as module
from pipeline.training.fit import fit
from tests.pipeline.dataset.small_folder import write

ENCODINGS = [Encoding("noise", 30), Encoding("good", 11)]


@pytest.fixture
def data(tmp_path) -> Transformed:
    """2,000 train rows whose label is the parity of `good`."""
    rng = np.random.default_rng(0)
    good = rng.integers(3, 11, 2000, np.int32)
    noise = rng.integers(3, 30, 2000, np.int32)
    label = (good % 2).astype(np.float32)
    (tmp_path / "transformed").mkdir()
    return write(tmp_path / "transformed", ENCODINGS, [pa.table({"good": good, "noise": noise, "label": label})], 500, None)


def config(tower: dict | None = None) -> Config:
    return Config.model_validate(
        {
            "name": "small",
            "work_dir": "unused",
            "data": {"format": "parquet", "train": "a.parquet", "label": "label"},
            "features": [{"match": "*"}],
            "model": {"embedding_width": 4, "interaction": "none", "tower": tower or {"units": [8]}},
            "training": {"batch_size": 100, "epochs": 3, "strategy": "one_device", "table_learning_rate": 0.1},
            "selection": {"budget": {"features": 1}},
        }
    )


def test_a_model_of_the_named_features_learns_what_there_is_to_learn(data, tmp_path):
    model, encodings, speed = fit(config(), Workspace(str(tmp_path / "work")), data, {"good": 4, "noise": 2}, seed=1)
    assert encodings == ENCODINGS  # in the order of the data, whatever that of the widths
    assert evaluate(model, Reader(data, "train", encodings).ordered(500)).quality().auc > 0.99
    assert model.optimizer.optimizers[0].iterations.numpy() == 60  # 3 epochs of 20 steps
    assert speed > 0
    assert not list((tmp_path / "work" / "checkpoints").glob("**/state.json"))
    assert list((tmp_path / "work" / "logs" / "tensorboard" / "training" / "2_features_seed_1").iterdir())


def test_a_process_that_does_not_write_leaves_no_file(data, tmp_path):
    fit(config(), Workspace(str(tmp_path / "work"), writes=False), data, {"good": 4}, seed=1, most=2)
    assert not (tmp_path / "work").exists()


def test_the_same_seed_gives_the_same_model_and_training_may_end_early(data, tmp_path):
    models = [
        fit(config(), Workspace(str(tmp_path / str(n))), data, {"good": 4}, seed, most=7)[0] for n, seed in enumerate((1, 1, 2))
    ]
    assert models[0].optimizer.optimizers[0].iterations.numpy() == 7
    first, again, other = ([variable.numpy() for variable in model.trainable_variables] for model in models)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


def test_a_tower_is_thinned_on_request_alone_and_few_steps_are_warned_of(data, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(module, "say", said.append)
    thinned = config({"units": [32], "block_sparsity": {"block": 2, "sparsity": 0.75}})
    widths = {"good": 8, "noise": 8}
    dense = fit(thinned, Workspace(str(tmp_path / "dense")), data, widths, seed=thinned.training.seed, most=5)[0]
    assert said == []
    sparse = fit(thinned, Workspace(str(tmp_path / "sparse")), data, widths, seed=thinned.training.seed, sparse=True)[0]
    assert said[0].startswith("tower_0: 8 x 16 blocks of 2 x 2, 32 to stay")
    assert "optimizer steps are few to thin a tower in; from 400 on it loses less" in said[1]

    assert sparse_layers(dense) == []
    [layer] = sparse_layers(sparse)
    assert float((layer.weights_in_use().numpy() == 0).mean()) == pytest.approx(0.75)

"""A run with block sparsity: proved beside the dense tower, exported compact."""

import json

import numpy as np
import pytest
import tensorflow as tf

from features.config import Config
from features.errors import ConfigError
from models.build import example_inputs
from models.ranking import RankingModel
from models.serving_model import stack
from pipeline.dataset.reader import Transformed
from pipeline.serving.serving_model import serving_model

MODEL = {"embedding_width": 8, "cross_layers": 1, "cross_rank": 8}
SPARSE = {"block": 2, "sparsity": 0.75, "method": "sequential_attention"}


def with_tower(**asked):
    return MODEL | {"tower": {"units": [32, 8], "block_sparsity": asked}}


@pytest.mark.slow  # a whole job with a thinned tower
def test_the_pruned_model_is_thinned_proved_and_compact(small_job, winnow, tmp_path):
    path = small_job(model=with_tower(**SPARSE))
    code, said = winnow("run", path)
    assert code == 0, said
    assert "tower_0: 8 x 16 blocks of 2 x 2, 32 to stay" in said
    assert "tower_1: 16 x 4 blocks of 2 x 2, fewer than 100: left dense" in said
    work = tmp_path / "work"
    proof = json.loads((work / "proof" / "proof.json").read_text())
    assert [point["name"] for point in proof["points"]] == ["full", "pruned", "dense pruned"]
    assert [point.get("block_sparsity") for point in proof["points"]] == [None, SPARSE, None]
    spec = json.loads((work / "model" / "feature_spec.json").read_text())
    assert spec["proof"]["points"][1]["block_sparsity"] == SPARSE
    held = tf.train.list_variables(str(work / "model" / "saved_model" / "variables" / "variables"))
    shapes = [tuple(shape) for _, shape in held]
    assert (2 * 16, 2, 2) in shapes  # two of eight input blocks for each of sixteen
    assert (16, 32) not in shapes
    code, said = winnow("verify", work / "model")
    assert code == 0, said
    compact_scores_are_the_masked_models(Config.load(path), work, tmp_path)


def compact_scores_are_the_masked_models(config, work, tmp_path):
    data = Transformed(str(work / "transformed"))
    kept = json.loads((work / "selection" / "selection.json").read_text())["kept"]
    widths = {entry["feature"]: entry["width"] for entry in kept}
    weights = str(work / "proof" / "weights" / "pruned")
    small = serving_model(config, data, widths, str(tmp_path / "graph"), weights=weights)
    encodings = data.subset(list(widths))
    masked = RankingModel(encodings, widths, config.model)
    masked(example_inputs(encodings))
    tf.train.Checkpoint(model=masked).read(weights).assert_existing_objects_matched()
    rng = np.random.default_rng(0)
    ids = {e.name: tf.constant(rng.integers(0, e.rows, [500, e.length])) for e in encodings}
    expected = tf.sigmoid(masked(stack(ids, encodings)))[:, 0]
    np.testing.assert_allclose(small.score_ids(ids), expected, atol=1e-5)
    assert np.std(expected) > 0.01


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"block": 16, "sparsity": 0.5},
            r"model.tower: block_sparsity.block: 16 is larger than the layer of 8 units; use at most 8",
        ),
        ({"block": 2, "sparsity": 1.0}, r"model.tower.block_sparsity.sparsity: 1.0 is not between 0 and 1; use 0.99"),
        ({"block": 2, "sparsity": -0.5}, r"model.tower.block_sparsity.sparsity: -0.5 is not between 0 and 1; use 0.01"),
        ({"block": 2, "method": "none"}, r"model.tower.block_sparsity.method: must be 'sequential_attention'"),
        ({"block": 0}, r"model.tower.block_sparsity.block: must be greater than 0"),
    ],
)
def test_what_cannot_be_is_refused(small_job, asked, message):
    path = small_job(model=with_tower(**asked))
    with pytest.raises(ConfigError, match=message):
        Config.load(path)

"""The model and training sections: bounds, and blocks that fit their layers."""

import pydantic
import pytest

from features.config.model import BlockSparsityConfig, ModelConfig, TowerConfig, TrainingConfig


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (ModelConfig, {"embedding_width": 10**6}, "less than or equal to 4096"),
        (ModelConfig, {"cross_layers": -1}, "greater than or equal to 0"),
        (TowerConfig, {"units": [64, 0]}, "greater than 0"),
        (TowerConfig, {"units": [8], "block_sparsity": {"block": 16}}, "16 is larger than the layer of 8 units; use at most 8"),
        (BlockSparsityConfig, {"sparsity": 1}, "1.0 is not between 0 and 1; use 0.99"),
        (BlockSparsityConfig, {"sparsity": 0}, "0.0 is not between 0 and 1; use 0.01"),
        (TrainingConfig, {"seed": -1}, "greater than or equal to 0"),
        (TrainingConfig, {"seed": 2**32}, "less than or equal to 4294967295"),
        (TrainingConfig, {"learning_rate": 1e300}, "less than or equal to 100"),
        (TrainingConfig, {"table_learning_rate": float("nan")}, "finite number"),
        (TrainingConfig, {"checkpoint_minutes": float("inf")}, "finite number"),
        (TrainingConfig, {"batch_size": 10**9}, "less than or equal to 16777216"),
    ],
)
def test_values_out_of_bounds_are_refused(model, fields, message):
    with pytest.raises(pydantic.ValidationError) as raised:
        model.model_validate(fields)
    assert message in str(raised.value)


def test_the_dense_model_differs_in_its_blocks_alone():
    model = ModelConfig(embedding_width=8, tower=TowerConfig(units=[64], block_sparsity=BlockSparsityConfig()))
    assert model.dense == ModelConfig(embedding_width=8, tower=TowerConfig(units=[64]))

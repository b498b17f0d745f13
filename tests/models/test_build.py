"""Models as they are built: their start, their optimizers, their precision."""

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import ModelConfig, TowerConfig, TrainingConfig
from features.encoding import Encoding
from features.errors import ConfigError
from models.build import build_model, example_inputs
from models.gate import SequentialAttention
from models.strategy import make_strategy

ENCODINGS = [Encoding("a", 10), Encoding("tags", 6, length=3, weighted=True), Encoding("v", 0, length=2)]
WIDTHS = {"a": 4, "tags": 2, "v": 2}
NETWORK = ModelConfig(interaction="none", tower=TowerConfig(units=[3]))
TRAINING = TrainingConfig(strategy="one_device", batch_size=32)


def built(seed=1, gate=None, training=TRAINING, **more):
    return build_model(ENCODINGS, WIDTHS, NETWORK, training, make_strategy(training), seed, gate, **more)


def test_the_example_is_one_row_of_missing_values():
    example = {name: tensor.numpy().tolist() for name, tensor in example_inputs(ENCODINGS).items()}
    assert example == {"ids": [[1, 1, 1, 1]], "values": [[0, 0]], "weights": [[1, 1, 1, 1]]}
    assert set(example_inputs(ENCODINGS[:1])) == {"ids"}
    assert set(example_inputs(ENCODINGS[2:])) == {"values"}


def test_all_variables_are_there_before_the_first_step():
    gate = SequentialAttention([0, 0, 1, 1, 1, 1, 2, 2], name="gate")
    model = built(gate=gate)
    shapes = sorted(tuple(variable.shape) for variable in model.trainable_variables)
    # logits; both tables; kernel and bias of two layers
    assert shapes == sorted([(3,), (6, 2), (10, 4), (8, 3), (3,), (3, 1), (1,)])
    # Adam keeps two moments of the network's four and the gate's one, Adagrad an accumulator of two tables; each counts steps.
    assert len(model.optimizer.variables()) == 2 * 5 + 2 + 3


def test_the_same_seed_gives_the_same_start():
    first, second, other = built(), built(), built(seed=2)
    for one, two in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one.numpy() != two.numpy()).any() for one, two in zip(first.variables, other.variables, strict=True))


def test_the_gate_learns_at_a_rate_of_its_own():
    model = built(gate=SequentialAttention([0] * 8, name="gate"), gate_learning_rate=0.25)
    assert [float(part.learning_rate) for part in model.optimizer.optimizers] == pytest.approx(
        [TRAINING.learning_rate, TRAINING.table_learning_rate, 0.25]
    )


def test_lower_precision_ends_with_the_model():
    model = built(training=TRAINING.model_copy(update={"mixed_precision": True}))
    assert model.tower.compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {tf.float32}
    assert tf.keras.layers.Dense(1).compute_dtype == "float32"


def test_xla_makes_gradients_of_tables_dense_and_servers_refuse_it(monkeypatch):
    xla = TRAINING.model_copy(update={"xla": True})
    assert built(training=xla).embedding.dense is True
    assert built().embedding.dense is None
    monkeypatch.setattr("models.build.sharded", lambda strategy: True)
    with pytest.raises(ConfigError, match=r"training.xla: parameter servers need sparse gradients"):
        built(training=xla)


def test_what_lies_where_is_told():
    said = []
    built(say=said.append)
    assert said[0] == "OneDeviceStrategy: everything on one device"
    assert said[1].startswith("memory per device: ")

"""The ranking model's parts by hand: a cross, the dot interaction, and which optimizer trains which variable."""

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import ModelConfig, TowerConfig
from features.encoding import Encoding
from models.gate import HARD, SequentialAttention
from models.ranking import RankingModel

ENCODINGS = [Encoding("a", 4), Encoding("b", 4), Encoding("v", 0, 2)]
WIDTHS = {"a": 2, "b": 1, "v": 2}
INPUTS = {"ids": tf.constant([[1, 2]]), "values": tf.constant([[0.5, -1.0]])}


def made(interaction, gated=False, **config) -> RankingModel:
    config = {"cross_layers": 1, "cross_rank": 1, "tower": TowerConfig(units=[3])} | config
    gate = SequentialAttention([0, 1, 1, 2, 2], name="gate") if gated else None  # columns: b's, a's two, v's two
    model = RankingModel(ENCODINGS, WIDTHS, ModelConfig(interaction=interaction, **config), gate)
    model(INPUTS)
    return model


def test_columns_stand_by_width_and_values_last():
    model = made("none")
    assert model.embedding.layout.owners == ["b", "a", "a", "v", "v"]
    columns = model.embedding(INPUTS)[0].numpy()
    narrow, wide = (table.numpy() for table in model.table_variables)
    np.testing.assert_array_equal(columns, [*narrow[2], *wide[1], 0.5, -1.0])


def test_a_cross_multiplies_the_input_by_a_line_through_what_was_crossed_before():
    model = made("dcn", cross_layers=2)
    down = np.array([[1.0], [2.0], [0.0], [0.0], [0.0]])
    up, bias = np.array([[3.0, 0.0, 1.0, 0.0, 0.0]]), np.array([0.0, 0.0, 0.0, 1.0, 0.0])
    for cross in model.crosses:
        cross.set_weights([down, up, bias])
    x = tf.constant([[1.0, 2.0, 3.0, 4.0, 5.0]])
    # x0 * (U (V x) + b) + x, Wang et al. 2021, eq. 2: V x = 1 + 4 = 5, so x0 * (15, 0, 5, 1, 0) + x
    first = model.crosses[0](x, x)
    np.testing.assert_allclose(first, [[16, 2, 18, 8, 5]], rtol=1e-6)
    # V x = 16 + 4 = 20, so x0 * (60, 0, 20, 1, 0) + x
    np.testing.assert_allclose(model.crosses[1](x, first), [[76, 2, 78, 12, 5]], rtol=1e-6)


def test_a_cross_has_at_most_half_as_many_ranks_as_columns():
    ranks = [made("dcn", cross_rank=rank).crosses[0].get_weights()[0].shape for rank in (1, 64)]
    assert ranks == [(5, 1), (5, 2)]


def test_dot_projects_every_feature_to_one_width_and_stands_beside_the_columns():
    model = made("dot")
    assert [project.kernel.shape.as_list() for project in model.dot.projections] == [[1, 16], [2, 16], [2, 16]]
    for project in model.dot.projections:
        project.kernel.assign(tf.ones_like(project.kernel))
    out = model.dot(tf.constant([[1.0, 2.0, 3.0, 4.0, 5.0]])).numpy()[0]
    # each projection repeats its feature's sum, 1, 5 and 9, 16 times; the products of pairs follow the columns
    np.testing.assert_allclose(out, [1, 2, 3, 4, 5, 16 * 5, 16 * 9, 16 * 45], rtol=1e-6)


@pytest.mark.parametrize("interaction", ["dcn", "dot", "none"])
def test_every_trained_variable_is_a_table_s_the_gate_s_or_the_network_s(interaction):
    model = made(interaction, gated=True)
    parts = [model.table_variables, model.gate_variables, model.network_variables]
    assert [len(part) for part in parts[:2]] == [2, 1]
    assert parts[1][0] is model.gate.logits
    found = [variable.ref() for part in parts for variable in part]
    assert len(found) == len(set(found)) == len(model.trainable_variables)
    assert set(found) == {variable.ref() for variable in model.trainable_variables}
    assert made(interaction).gate_variables == []


def test_what_the_gate_shuts_does_not_reach_the_logit():
    model = made("dcn", gated=True)
    model.gate.set_mode(HARD)
    model.gate.pick([1])
    logit = model(INPUTS)
    for changed in ({"ids": [[1, 3]], "values": [[0.5, -1.0]]}, {"ids": [[1, 2]], "values": [[9.0, 9.0]]}):
        same = {"ids": tf.constant(changed["ids"]), "values": tf.constant(changed["values"])}
        np.testing.assert_array_equal(model(same), logit)
    other = {"ids": tf.constant([[3, 2]]), "values": tf.constant([[0.5, -1.0]])}
    assert model(other).numpy() != logit.numpy()
    assert logit.shape == [1, 1]
    assert logit.dtype == tf.float32

"""The serving model around a transform that adds 1: its signatures, and what they refuse."""

import types

import numpy as np
import pytest
import tensorflow as tf

from features.config.model import ModelConfig, TowerConfig
from features.encoding import Encoding
from features.inputs import Input
from models.build import example_inputs
from models.ranking import RankingModel
from models.serving_model import ServingModel, stack

ENCODINGS = [Encoding("a b", 6), Encoding("tags", 5, length=2, weighted=True), Encoding("v", 0, length=2)]
INPUTS = [Input("a b", "int64"), Input("tags", "int64", 2), Input("w", "float32", 2), Input("v", "float32", 2)]


def transform():
    """Ids are the raw number plus 1; values and weights are as they are."""

    def add_one(raw):
        return {"a b": raw["a b"] + 1, "tags": raw["tags"] + 1, "tags.weights": raw["w"], "v": raw["v"]}

    spec = {i.name: tf.TensorSpec([None] if i.length is None else [None, i.length], i.dtype) for i in INPUTS}
    return types.SimpleNamespace(initializers=[], resources=[], transform_fn=tf.function(add_one).get_concrete_function(spec))


@pytest.fixture
def model():
    tf.keras.utils.set_random_seed(3)
    network = ModelConfig(interaction="none", tower=TowerConfig(units=[4]))
    model = RankingModel(ENCODINGS, {"a b": 4, "tags": 2, "v": 2}, network)
    model(example_inputs(ENCODINGS))
    return model


def serving(model, optional=()):
    return ServingModel(transform(), model, ENCODINGS, INPUTS, optional)


RAW = {
    "a b": tf.constant([3, 0], tf.int64),
    "tags": tf.constant([[1, 2], [3, 0]], tf.int64),
    "w": tf.constant([[1.0, 3.0], [1.0, 1.0]]),
    "v": tf.constant([[0.5, -1.0], [2.0, 0.0]]),
}


def expected(model):
    logits = model({"ids": [[4, 2, 3], [1, 4, 1]], "values": RAW["v"], "weights": [[1, 1, 3], [1, 1, 1]]})
    return 1 / (1 + np.exp(-logits.numpy()[:, 0]))


def test_columns_are_stacked_in_the_order_of_the_features():
    columns = {
        "v": tf.constant([[0.5, -1.0]]),
        "tags": tf.constant([[2, 3]], tf.int64),
        "tags.weights": tf.constant([[1.0, 3.0]]),
        "a b": tf.constant([[4]], tf.int64),
    }
    stacked = {name: tensor.numpy().tolist() for name, tensor in stack(columns, ENCODINGS).items()}
    assert stacked == {"ids": [[4, 2, 3]], "values": [[0.5, -1.0]], "weights": [[1, 1, 3]]}


def test_scores_are_the_probabilities_of_the_model(model):
    np.testing.assert_allclose(serving(model).score(RAW), expected(model), rtol=1e-5)


def test_every_signature_gives_the_same_scores(model):
    signatures = serving(model).signatures()
    assert set(signatures) == {"serving_default", "serving_examples", "transform", "serving_ids"}
    named = {"a_b": RAW["a b"], "tags": RAW["tags"], "w": RAW["w"], "v": RAW["v"]}
    np.testing.assert_allclose(signatures["serving_default"](**named)["score"], expected(model), rtol=1e-5)
    ids = signatures["transform"](**named)
    np.testing.assert_allclose(signatures["serving_ids"](**ids)["score"], expected(model), rtol=1e-5)
    examples = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "a b": tf.train.Feature(int64_list=tf.train.Int64List(value=[RAW["a b"][row]])),
                    "tags": tf.train.Feature(int64_list=tf.train.Int64List(value=RAW["tags"][row].numpy())),
                    "w": tf.train.Feature(float_list=tf.train.FloatList(value=RAW["w"][row].numpy())),
                    "v": tf.train.Feature(float_list=tf.train.FloatList(value=RAW["v"][row].numpy())),
                    "not asked for": tf.train.Feature(int64_list=tf.train.Int64List(value=[9])),
                }
            )
        ).SerializeToString()
        for row in range(2)
    ]
    np.testing.assert_allclose(signatures["serving_examples"](tf.constant(examples))["score"], expected(model), rtol=1e-5)


def test_lists_of_any_length_are_cut_and_filled(model):
    longer = RAW | {
        "tags": tf.concat([RAW["tags"], [[7], [8]]], axis=1),
        "w": tf.concat([RAW["w"], [[9.0], [9.0]]], axis=1),
    }
    np.testing.assert_allclose(serving(model).score(longer), expected(model), rtol=1e-5)


def test_an_id_beyond_a_table_is_missing_rather_than_another_feature_s(model):
    signature = serving(model).signatures()["serving_ids"]
    columns = {"tags": [[2, 3]], "tags_weights": [[1.0, 3.0]], "v": [[0.5, -1.0]]}
    names = {name.split(":")[0] for name in signature.structured_input_signature[1]}
    assert names == {"a_b", "tags", "tags_weights", "v"}
    asked = {name: tf.constant(value, tf.int64 if name == "tags" else tf.float32) for name, value in columns.items()}
    scores = [float(signature(a_b=tf.constant([[value]], tf.int64), **asked)["score"][0]) for value in (1, 6, 1000, -1)]
    assert scores == [scores[0]] * 4


def test_optional_columns_may_be_left_out(model):
    signature = serving(model, optional=["w", "v"]).signatures()["serving_default"]
    score = signature(a_b=RAW["a b"][:1], tags=RAW["tags"][:1])["score"]
    missing = {column.name: column.missing for column in INPUTS}
    filled = {
        "a_b": RAW["a b"][:1],
        "tags": RAW["tags"][:1],
        "w": tf.fill([1, 2], missing["w"]),
        "v": tf.fill([1, 2], missing["v"]),
    }
    np.testing.assert_array_equal(score, signature(**filled)["score"])

"""A trained ranking model behind the transform graph of its features: raw values to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from features.config import Config
from features.encoding import Encoding
from features.feature import Feature
from features.graph import write_graph
from features.inputs import Input
from models.build import example_inputs
from models.literal_path import literal_path
from models.ranking import RankingModel
from models.serving_model import ServingModel
from pipeline.dataset.transformed import Transformed


def serving_model(
    config: Config,
    transformed: Transformed,
    widths: Mapping[str, int],
    graph: str,
    vocabularies: Mapping[str, str] | None = None,
    weights: str | None = None,
) -> ServingModel:
    """A serving model of the features that `widths` names, with a transform graph that holds nothing of the others.

    Args:
      config: of the run.
      transformed: the transformed folder.
      widths: columns of each feature, by name.
      graph: folder to write the transform graph into.
      vocabularies: path of each feature's vocabulary, by name; those of the transformed folder if left out.
      weights: checkpoint of a trained model; it has the tower that the config asks for, in its compact form, else it is dense.
    """
    features = [feature for feature in transformed.features if feature.name in widths]
    columns = columns_of(features, transformed.inputs)
    files_of_features = vocabularies or transformed.vocabulary_files
    write_graph(features, columns, transformed.statistics, files_of_features, graph, config.data.missing)
    encodings = transformed.subset(list(widths))
    model = _network(config, encodings, widths, weights)
    optional = config.serving.left_out([column.name for column in columns])
    return ServingModel(tf.saved_model.load(literal_path(f"{graph}/transform_fn")), model, encodings, columns, optional)


def _network(config: Config, encodings: Sequence[Encoding], widths: Mapping[str, int], weights: str | None) -> RankingModel:
    model = RankingModel(encodings, widths, config.model if weights else config.model.dense)
    # Makes the variables, which the checkpoint then fills.
    model(example_inputs(encodings))
    if weights:
        # Partial, as it holds the optimizer's state too, for which serving has no use.
        tf.train.Checkpoint(model=model).read(literal_path(weights)).assert_existing_objects_matched().expect_partial()
        # Only now, as the checkpoint has the tower in its full shape, with masks.
        model.compact()
    return model


def columns_of(features: Sequence[Feature], inputs: Sequence[Input]) -> list[Input]:
    """The raw columns that the features read, in the order of `inputs`."""
    read = {column for feature in features for column in feature.inputs}
    return [column for column in inputs if column.name in read]

"""Serving models of any set of features and widths."""

import numpy as np
import pytest

from features.inputs import Input
from features.names import argument_names
from pipeline.serving.serving_model import columns_of


@pytest.mark.parametrize("interaction", ["dcn", "dot", "none"])
def test_unequal_widths_are_served(job, tmp_path, interaction):
    """Each feature at a width of its own, under every interaction: scores of the network itself."""
    import tensorflow as tf

    from models.serving_model import stack
    from pipeline.dataset.transformed import Transformed
    from pipeline.serving.serving_model import serving_model
    from pipeline.serving.synthetic_requests import as_tensors, make_requests

    data = Transformed(f"{job.work_dir}/transformed")
    config = job.model_copy(update={"model": job.model.model_copy(update={"interaction": interaction})})
    widths = {e.name: 1 + place % 4 if e.embedded else e.length for place, e in enumerate(data.encodings)}
    made = serving_model(config, data, widths, str(tmp_path / "transform"))
    statistics = data.statistics
    request = as_tensors(make_requests(made.inputs, data.features, statistics, 50, missing=0.2, unseen=0.1), made.inputs)
    names = argument_names([column.name for column in made.inputs])
    signature = made.signatures()["serving_default"]
    scores = signature(**{names[name]: tensor for name, tensor in request.items()})["score"]
    logits = made.model(stack(made.transformed(request), data.encodings), training=False)[:, 0]
    np.testing.assert_allclose(scores, tf.sigmoid(logits), atol=1e-6)
    assert np.std(scores) > 0


def test_columns_are_in_the_order_of_the_data_and_each_once(job):
    from pipeline.dataset.transformed import Transformed

    transformed = Transformed(f"{job.work_dir}/transformed")
    by_name = {feature.name: feature for feature in transformed.features}
    columns = columns_of([by_name["codes"], by_name["pair"], by_name["1st"]], transformed.inputs)
    assert [column.name for column in columns] == ["a-b", "1st", "codes", "codes weight"]
    assert columns_of([], [Input("x", "string")]) == []

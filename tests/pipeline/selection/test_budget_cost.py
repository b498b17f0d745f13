"""The cost model of the config's budget."""

import pytest

from features.encoding import Encoding
from features.path import LatencyFit
from pipeline.runtime import files
from pipeline.selection.budget_cost import budget_cost
from tests.pipeline.selection.folders import transformed_of


@pytest.fixture
def transformed(tmp_path):
    """Two features with tables of 10 and 5 rows."""
    return transformed_of(tmp_path / "transformed", [Encoding("a", 10), Encoding("b", 5)], [])


def test_bytes_and_features_need_no_folder(config_of, transformed):
    assert budget_cost(config_of(budget={"bytes": 100}), transformed, "absent").total({"a": 2, "b": 1}) == 4 * (20 + 5)
    assert budget_cost(config_of(budget={"features": 1}), transformed, "absent").total({"a": 2, "b": 1}) == 2


def test_rows_that_are_cut_cost_nothing(config_of, transformed):
    cost = budget_cost(config_of(budget={"bytes": 100}), transformed.cut({"a": 6}), "absent")
    assert cost.total({"a": 2, "b": 1}) == 4 * (12 + 5)


def test_a_latency_is_read_where_it_was_measured(config_of, transformed, tmp_path):
    kinds = {"categorical, vocabulary": 20.0}
    fit = LatencyFit(rows_a_request=32, base=100.0, column=0.5, kinds=kinds, median_error=0.1, samples=[])
    files.write_document(files.join(str(tmp_path), "latency.json"), fit)
    cost = budget_cost(config_of(budget={"latency": "1ms"}), transformed, str(tmp_path))
    assert cost.unit == "microseconds"
    assert cost.total({"a": 4}) == 100 + 20 + 4 * 0.5

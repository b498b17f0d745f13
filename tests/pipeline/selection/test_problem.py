"""What a budget has to be spent on, made of the documents of a search."""

import pytest

from features.encoding import Encoding
from features.path import WidthPath, WidthPick
from features.statistics import Statistics
from pipeline.runtime import files
from pipeline.selection.candidates import Candidates
from pipeline.selection.path_builder import PathBuilder
from pipeline.selection.problem import path_costs, problem_of
from tests.pipeline.selection.folders import transformed_of


@pytest.fixture
def transformed(tmp_path):
    """Four features, two of them a group; `c` was picked first, and then the group."""
    encodings = [Encoding("a", 20, group="g"), Encoding("c", 50), Encoding("d", 7), Encoding("b", 5, group="g")]
    statistics = [Statistics(name=encoding.name, count=9, distinct=5) for encoding in encodings]
    return transformed_of(tmp_path / "transformed", encodings, statistics)


@pytest.fixture
def searched(config_of, transformed, tmp_path):
    """The folder of the search, with a path and two steps of the search over widths."""
    builder = PathBuilder("sequential_attention", 1, Candidates.of(config_of(), transformed))
    for number, unit in enumerate((1, 0, 2), 1):
        builder.add_unit(unit, number, 0.5)
    files.write_document(f"{tmp_path}/path.json", builder.path())
    steps = [WidthPick(round=1, features=["a", "b"], width=1), WidthPick(round=2, features=["c"], width=1)]
    files.write_document(f"{tmp_path}/frontier.json", WidthPath(widths=[1, 16], steps=steps, seconds=1.0))
    return str(tmp_path)


def test_units_come_in_the_order_of_their_picks(config_of, transformed, searched):
    problem = problem_of(config_of(budget={"bytes": "10%"}, widths=[1, 4, 32], keep=["c"]), transformed, searched)
    assert problem.units == [("c",), ("a", "b"), ("d",)]
    assert problem.steps == [(1, 1), (0, 1)]
    assert problem.widths == [1, 4, 16]
    assert problem.limit == 4 * 16 * (20 + 50 + 7 + 5)
    assert problem.must == {"c"}
    assert problem.cuttable == {"a", "b", "c", "d"}
    assert problem.priced({"c": 10}).total({"c": 2}) == 4 * 10 * 2


def test_a_budget_of_features_cuts_no_table(config_of, transformed, searched):
    assert problem_of(config_of(), transformed, searched).cuttable == frozenset()


def test_costs_along_the_path(config_of, transformed, searched):
    costs = path_costs(problem_of(config_of(budget={"bytes": "10%"}), transformed, searched))
    assert [(cost.features, cost.cost, cost.cumulative_cost) for cost in costs] == [
        (["c"], 3200, 3200),
        (["a", "b"], 1600, 4800),
        (["d"], 448, 5248),
    ]

"""The search over widths: what a next step costs, and steps in order."""

import numpy as np
import pytest

from features.cost import byte_model, count_model
from pipeline.selection.width_search import WidthSearch


def search(run, by_width: bool = True) -> WidthSearch:
    encodings = run.candidates.encodings
    return WidthSearch(run, byte_model(encodings) if by_width else count_model(encodings))


def test_a_step_costs_the_rows_of_its_unit_for_each_further_column(small_run):
    run = small_run(keep=["number"])
    rows = {encoding.name: encoding.rows for encoding in run.candidates.encodings}
    widths = search(run)
    assert widths.widths == [1, 2, 4]
    units = [[*names] for names in run.candidates.units]
    sums = np.array([sum(rows[name] for name in names) for names in units])
    columns = np.array([1, 1, 1, 1])  # from 0 to 1; of `number`, which is kept, from 1 to 2
    np.testing.assert_allclose(widths.step_costs(), 4 * sums * columns)
    widths._grow(units.index(["number"]), 1)
    assert widths.step_costs()[units.index(["number"])] == 4 * 2 * rows["number"]  # from 2 to 4


def test_where_columns_cost_nothing_candidates_are_picked_whole(small_run):
    widths = search(small_run(), by_width=False)
    assert widths.widths == [4]
    assert widths.step_costs().tolist() == [1, 1, 2, 1]


def test_steps_are_next_widths_and_a_checkpoint_keeps_them(small_run):
    run = small_run(frontier={"rounds": 5}, keep=["number"])
    widths = search(run)
    path = widths.path()
    assert (path.steps[0].round, path.steps[0].features, path.steps[0].width) == (0, ["number"], 1)
    assert [step.round for step in path.steps[1:]] == [1, 2, 3, 4, 5]
    reached = {}
    for step in path.steps:
        assert step.width == {0: 1, 1: 2, 2: 4}[reached.get(tuple(step.features), 0)]
        reached[tuple(step.features)] = step.width
    again = search(run)
    again.restore(widths.to_json())
    assert again.steps == path.steps
    assert again.step_costs() == pytest.approx(widths.step_costs())

"""Which pictures a report has."""

from features.path import SearchPath
from pipeline.report.charts import charts
from tests.pipeline.report.small_run import documents, figures, search_path


def test_a_plot_for_each_axis_of_cost(tmp_path):
    drawn = charts(figures(tmp_path, documents()), SearchPath.model_validate(search_path()))
    assert drawn.heat is not None
    assert [plot.count("<circle") for plot in drawn.path] == [6, 6]  # three picks, three proved points
    assert [plot.count('class="budget"') for plot in drawn.path] == [0, 1]  # the budget is one of bytes
    assert [plot.count('class="level"') for plot in drawn.path] == [1, 1]
    assert [plot.count("<polyline") for plot in drawn.compare] == [2, 2]
    assert "l1_gate: 2 features, 1 kB, AUC .7200" in drawn.compare[0]


def test_no_search_no_map_and_no_comparison_no_plot(tmp_path):
    contents = documents()
    del contents["search/path.json"], contents["compare/compare.json"]
    drawn = charts(figures(tmp_path, contents), None)
    assert (drawn.heat, drawn.compare) == (None, [])
    assert drawn.path[0].count("<circle") == 3


def test_a_ranking_without_rounds_has_no_map(tmp_path):
    path = SearchPath.model_validate(search_path() | {"rounds": []})
    assert charts(figures(tmp_path, documents()), path).heat is None

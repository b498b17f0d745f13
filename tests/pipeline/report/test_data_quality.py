"""Findings about the columns, and drift."""

import pytest

from tests.pipeline.report.small_run import ODD, documents, figures


def test_findings_and_drift(tmp_path):
    quality = figures(tmp_path, documents()).data_quality
    assert [(row.feature, row.finding) for row in quality.findings] == [
        ("user", "mostly rare values"),
        ("hour", "mostly missing"),
        ("still", "constant"),
    ]
    assert quality.rejected == {"ragged row": 1200, "<text>": 3}
    drift = {row.feature: row for row in quality.drift}
    assert list(drift) == ["hour", ODD]  # the largest change first
    # Shares of a, b, c: .5, .25, 0 in train and .2, 0, .4 in test.
    assert drift[ODD].top_values == pytest.approx(0.475)
    assert (drift[ODD].missing_share, drift[ODD].mean) == (pytest.approx(0.2), None)
    assert (drift["hour"].missing_share, drift["hour"].mean) == (0.0, 0.5)
    assert drift["hour"].top_values == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("distinct", "finding"),
    [(1001, "near-unique"), (901, "near-unique"), (900, "mostly rare values"), (501, "mostly rare values")],
)
def test_near_unique_means_the_same_as_in_the_search(tmp_path, distinct, finding):
    contents = documents()
    contents["transformed/statistics.json"]["features"][0] |= {"count": 1000, "distinct": distinct, "categorical": True}
    row = figures(tmp_path, contents).data_quality.findings[0]
    assert (row.feature, row.finding) == ("user", finding)
    assert f"{distinct:,} distinct values among 1,000" in row.detail


def test_half_as_many_values_as_cells_are_ordinary(tmp_path):
    contents = documents()
    contents["transformed/statistics.json"]["features"][0] |= {"count": 1000, "distinct": 500, "categorical": True}
    assert "user" not in [row.feature for row in figures(tmp_path, contents).data_quality.findings]

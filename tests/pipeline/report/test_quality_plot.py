"""Plots of quality against cost."""

from pipeline.report.quality_plot import Point, Series, quality_plot


def test_plot_puts_points_where_their_numbers_say():
    points = [Point(0, 0.6, "a"), Point(100, 0.7, "b", (0.69, 0.71))]
    plot = str(quality_plot([Series("one", "s0", points, line=True)], "features", str, budget=50))
    # x: 54 to 466 over 0 to 103; y: 294 down to 16 over .6 to .71, widened by 6 % on both sides.
    assert 'points="54.0,279.1 454.0,53.5"' in plot
    assert '<line x1="254.0" y1="16" x2="254.0" y2="294" class="budget" />' in plot
    assert [f">{tick}</text>" in plot for tick in (".60", ".62", ".70")] == [True, True, True]
    assert plot.count("<circle") == 2
    assert plot.count('class="interval"') == 3
    assert quality_plot([], "features", str) == ""


def test_plot_of_small_budgets_is_logarithmic():
    points = [Point(cost, 0.7, "", (0.69, 0.71)) for cost in (1e3, 1e6)]
    plot = str(quality_plot([Series("one", "s0", points)], "bytes", lambda value: f"{value:g}"))
    assert [f">{tick}<" in plot for tick in ("1000", "10000", "100000", "1e+06", "0")] == [True, True, True, True, False]

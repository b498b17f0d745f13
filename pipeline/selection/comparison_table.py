"""A comparison of methods as a table for the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table

from features.comparison import ComparedMethod, Comparison

_FIGURE_WIDTH = 6  # of `0.7189`: the table is rather wider than the terminal than that figures are cut


def comparison_table(comparison: Comparison) -> Table:
    """A row a method, the best mean first."""
    curve = next(iter(comparison.methods.values())).curve
    counts = [str(point.features) for point in curve]
    table = Table("method", *counts, "mean AUC", "seconds", "Spearman", box=box.SIMPLE_HEAD)
    full = comparison.full
    table.title = f"{comparison.split} AUC by number of features; full model, {full.features}: {full.auc:.4f}"
    for name, method in sorted(comparison.methods.items(), key=lambda item: -item[1].mean_auc):
        table.add_row(name, *_cells(method))
    for column in table.columns[1:]:
        column.justify, column.min_width = "right", _FIGURE_WIDTH
    table.columns[0].min_width = max(map(len, comparison.methods))
    return table


def _cells(method: ComparedMethod) -> list[str]:
    aucs = [f"{point.auc:.4f}" for point in method.curve]
    agreement = "" if method.spearman is None else f"{method.spearman:.2f}"
    return [*aucs, f"{method.mean_auc:.4f}", f"{method.seconds:.1f}", agreement]

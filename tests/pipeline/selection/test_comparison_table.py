"""A comparison as a table."""

import io

from rich.console import Console

from features.comparison import ComparedMethod, ComparedPoint, Comparison
from pipeline.selection.comparison_table import comparison_table


def point(features: int, auc: float) -> ComparedPoint:
    return ComparedPoint(features=features, bytes=100, auc=auc, interval=(auc - 0.01, auc + 0.01), by_seed=[auc])


def method(spearman: float | None, *aucs: float) -> ComparedMethod:
    curve = [point(5 * number, auc) for number, auc in enumerate(aucs, 1)]
    return ComparedMethod(seconds=61.26, spearman=spearman, mean_auc=sum(aucs) / len(aucs), curve=curve, orders=[["a"]])


def test_a_row_a_method_the_best_mean_first():
    methods = {"random": method(None, 0.6, 0.7), "permutation": method(0.875, 0.7, 0.72)}
    comparison = Comparison(split="test", seeds=1, full=point(43, 0.7199), methods=methods)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(comparison_table(comparison))
    lines = [line.split() for line in console.export_text().splitlines() if line.strip()]
    assert " ".join(lines[0]) == "test AUC by number of features; full model, 43: 0.7199"
    assert lines[1] == ["method", "5", "10", "mean", "AUC", "seconds", "Spearman"]
    assert lines[3] == ["permutation", "0.7000", "0.7200", "0.7100", "61.3", "0.88"]
    assert lines[4] == ["random", "0.6000", "0.7000", "0.6500", "61.3"]

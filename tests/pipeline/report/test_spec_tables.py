"""Specs for people: the table, and the lines of what differs."""

import io

from rich.console import Console

from features.spec import FeatureSpec
from pipeline.report.spec_difference import SpecDifference
from pipeline.report.spec_tables import difference_lines, spec_table
from tests.features.test_spec import document


def test_the_table_says_what_was_kept_and_why_not(tmp_path):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(spec_table(FeatureSpec.model_validate(document())))
    text = console.export_text()
    assert "small: 5 of 7 features, 384 of 1,000 bytes (asked: features 5)" in text
    row = next(line for line in text.splitlines() if line.startswith("a  "))
    assert row.split() == ["a", "categorical", "8", "12", "384", "1", "0.5000", "+0.0200"]
    assert any(line.split() == ["gone", "not", "chosen"] for line in text.splitlines())


def test_a_difference_is_a_line_each():
    difference = SpecDifference(
        same=False,
        added=["new"],
        removed=["[red]old"],
        widths={"a": (8, 4)},
        changed=["n"],
        bytes=(1384, 300),
        auc=(0.7, 0.71),
        log_loss=(0.6, 0.59),
    )
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(difference_lines(difference))
    assert [line.rstrip() for line in console.export_text().splitlines()] == [
        "different features",
        "+ new",
        "- [red]old",
        "~ a: width 8 -> 4",
        "~ n: another transform or vocabulary",
        "bytes 1,384 -> 300 (-1,084)",
        "AUC 0.7000 -> 0.7100 (+0.0100)",
        "log loss 0.6000 -> 0.5900 (-0.0100)",
    ]

"""Specs for people: the table, and what differs."""

import io
import json

import pytest
from rich.console import Console

from features.spec import FeatureSpec
from pipeline.report.spec_tables import compare, inspect
from tests.features.test_spec import document, feature, figure


def proof(auc: float) -> dict:
    point = {"name": "pruned", "features": 5, "bytes": 384, "widths": {"a": 8}}
    points = [{**point, "auc": figure(auc), "log_loss": figure(0.6)}]
    return {"split": "test", "rows": 10, "seeds": [1], "confidence": 0.95, "points": points}


def test_the_table_says_what_was_kept_and_why_not(tmp_path):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(inspect(FeatureSpec.model_validate(document())))
    text = console.export_text()
    assert "small: 5 of 7 features, 384 of 1,000 bytes (asked: features 5)" in text
    row = next(line for line in text.splitlines() if line.startswith("a  "))
    assert row.split() == ["a", "categorical", "8", "12", "384", "1", "0.5000", "+0.0200"]
    assert any(line.split() == ["gone", "not", "chosen"] for line in text.splitlines())


def test_what_differs():
    old = document(proof=proof(0.70))
    kept = [feature("a", width=4), feature("n", kind="numeric", transform={"kind": "numeric"}, width=2), feature("new")]
    kept[1]["constants"] = {"boundaries": [1.0]}
    found = compare(*(FeatureSpec.model_validate(one) for one in (old, document(kept=kept, bytes=300, proof=proof(0.71)))))
    assert found == {
        "same": False,
        "added": ["new"],
        "removed": ["l", "v", "a x i"],
        "widths": {"a": [8, 4]},
        "changed": ["n"],
        "bytes": [384, 300],
        "auc": [0.70, 0.71],
        "log_loss": [0.6, 0.6],
    }
    again = compare(*(FeatureSpec.model_validate(one) for one in (old, document(proof=proof(0.72)))))
    assert again["same"]  # other figures, the same features


@pytest.mark.parametrize(("other", "code"), [({}, 0), ({"kept": [feature("a")]}, 1), ({"version": 9}, 3)])
def test_exit_code_tells_same_or_different(winnow, tmp_path, other, code):
    paths = []
    for name, changes in (("a", {}), ("b", other)):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(document(**changes)))
    got, said = winnow("diff", *paths, "--json")
    assert got == code
    if code < 3:
        assert json.loads(said)["same"] == (code == 0)
    else:
        assert "is of version 9" in said
    assert winnow("inspect", paths[0])[0] == 0

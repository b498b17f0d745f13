"""What differs between two specs."""

import json

import pytest

from features.spec import FeatureSpec
from pipeline.report.spec_difference import spec_difference
from tests.features.test_spec import document, feature, figure


def proof(auc: float) -> dict:
    point = {"name": "pruned", "features": 5, "bytes": 384, "widths": {"a": 8}}
    points = [{**point, "auc": figure(auc), "log_loss": figure(0.6)}]
    return {"split": "test", "rows": 10, "seeds": [1], "confidence": 0.95, "points": points}


def test_what_differs():
    old = document(proof=proof(0.70))
    kept = [feature("a", width=4), feature("n", kind="numeric", transform={"kind": "numeric"}, width=2), feature("new")]
    kept[1]["constants"] = {"boundaries": [1.0]}
    new = document(kept=kept, bytes=300, proof=proof(0.71))
    difference = spec_difference(FeatureSpec.model_validate(old), FeatureSpec.model_validate(new))
    assert difference.model_dump(mode="json") == {
        "same": False,
        "added": ["new"],
        "removed": ["l", "v", "a x i"],
        "widths": {"a": [8, 4]},
        "changed": ["n"],
        "bytes": [384, 300],
        "auc": [0.70, 0.71],
        "log_loss": [0.6, 0.6],
    }
    again = FeatureSpec.model_validate(document(proof=proof(0.72)))
    assert spec_difference(FeatureSpec.model_validate(old), again).same  # other figures, the same features


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

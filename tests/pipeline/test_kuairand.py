"""The main job on the real log, against the figures that the config's head states."""

import json
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "configs" / "kuairand.yaml"


@pytest.mark.slow
def test_fifteen_features_keep_the_auc(kuairand, winnow, tmp_path):
    kept = []
    for name in ("a", "b"):
        work = tmp_path / name
        stages = ("run",) if name == "a" else ("preprocess", "select")
        for stage in stages:
            code, said = winnow(stage, CONFIG, "--set", f"work_dir={work}")
            assert code == 0, said
        chosen = json.loads((work / "selection" / "selection.json").read_text())
        kept.append([entry["feature"] for entry in chosen["kept"]])
    assert kept[0] == kept[1]
    assert len(kept[0]) == 15
    full, pruned = json.loads((tmp_path / "a" / "proof" / "proof.json").read_text())["points"]
    assert full["auc"]["mean"] >= 0.717
    assert pruned["auc"]["mean"] >= 0.715
    assert full["auc"]["mean"] - pruned["auc"]["mean"] <= 0.0025

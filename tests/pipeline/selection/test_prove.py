"""The stage of the proof, of scores that are there already: what it writes down."""

import numpy as np
import pytest

from features.encoding import Encoding
from features.proof import Proof, Timing
from features.selection import Kept, Selection, Spending
from features.statistics import Statistics
from models.metrics import Scores
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.selection.prove import prove
from tests.pipeline.selection.folders import transformed_of


def scored(noise: float, seed: int) -> bytes:
    """The file of a model's scores of 2,000 test rows, the worse the more noise."""
    labels = np.random.default_rng(0).integers(0, 2, 2000)
    scores = Scores()
    scores.add(2.0 * labels - 1 + noise * np.random.default_rng(seed).normal(size=2000), labels)
    return scores.to_bytes()


@pytest.fixture
def workspace(tmp_path):
    """A work folder with a selection of one of two features; a third is excluded."""
    workspace = Workspace(str(tmp_path / "work"))
    encodings = [Encoding("a", 10), Encoding("leak", 4), Encoding("b", 5)]
    statistics = [Statistics(name=encoding.name, count=9, distinct=5) for encoding in encodings]
    transformed_of(tmp_path / "work" / "transformed", encodings, statistics, validation=200, test=2000)
    kept = Kept(feature="b", round=1, attention=0.5, width=4, rows=5, bytes=80)
    cost = Spending(unit="features", limit=1, spent=1, full=2)
    selection = Selection(
        budget={"features": 1}, allocator="a", tried=[], kept=[kept], dropped=[], bytes=80, full_bytes=960, cost=cost
    )
    files.make_folder(workspace.folder("select"))
    files.write_document(files.join(workspace.folder("select"), "selection.json"), selection)
    return workspace


def test_points_figures_and_speeds(config_of, workspace, tmp_path):
    config = config_of(exclude=["leak"], proof={"seed_count": 2, "bootstrap_samples": 50, "points": []})
    files.make_folder(f"{tmp_path}/runs")
    for name, noise in (("full", 1.0), ("pruned", 2.0)):
        for seed in (config.training.seed, config.training.seed + 1):
            files.write_bytes(f"{tmp_path}/runs/{name}-{seed}.npz", scored(noise, seed))
            files.write_json(f"{tmp_path}/runs/{name}-{seed}.json", 1000.0 * seed * noise)
    prove(config, workspace, str(tmp_path))

    proof = files.read_document(Proof, f"{tmp_path}/proof.json")
    assert (proof.split, proof.rows, proof.trained_on) == ("test", 2000, "train+validation")
    full, pruned = proof.points
    assert (full.name, full.features, full.widths, full.bytes) == ("full", 2, {"a": 16, "b": 16}, 960)
    assert full.without == {"leak": "excluded by the config"}
    assert (pruned.name, pruned.features, pruned.widths, pruned.bytes) == ("pruned", 1, {"b": 4}, 80)
    assert pruned.without is None
    assert pruned.auc.difference == pytest.approx(pruned.auc.mean - full.auc.mean)
    assert pruned.auc.difference_interval[1] < 0
    timing = files.read_document(Timing, f"{tmp_path}/timing.json")
    first = config.training.seed
    speeds = {"full": 1000 * (first + 0.5), "pruned": 2000 * (first + 0.5)}  # the median of two seeds
    assert timing.training_examples_per_second == speeds

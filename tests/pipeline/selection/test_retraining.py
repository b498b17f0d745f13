"""A model of a proof: what an interrupted proof has left is not trained again."""

import numpy as np
import pytest

from features.allocation import Allocation
from features.encoding import Encoding
from models.metrics import Scores
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.selection import retraining as module
from pipeline.selection.retraining import Retraining
from pipeline.selection.splits import Splits
from tests.pipeline.selection.folders import transformed_of


def scores(seed: int) -> Scores:
    rng = np.random.default_rng(seed)
    made = Scores()
    made.add(rng.normal(size=100), rng.integers(0, 2, 100))
    return made


@pytest.fixture
def trained(monkeypatch):
    """Points and seeds that are trained, in place of training them."""
    asked = []

    def fit(config, workspace, transformed, widths, seed, split, sparse):
        asked.append((dict(widths), seed, split, sparse))
        return None, [], 1000.0 * seed

    monkeypatch.setattr(module, "fit", fit)
    monkeypatch.setattr(module, "Reader", lambda *_: type("Rows", (), {"ordered": lambda self, size: []})())
    monkeypatch.setattr(module, "evaluate", lambda model, batches: scores(1))
    return asked


@pytest.mark.parametrize("writes", [True, False])
def test_scores_are_kept_by_the_process_that_writes(config_of, tmp_path, trained, writes):
    files.make_folder(f"{tmp_path}/runs")
    workspace = Workspace(str(tmp_path / "work"), writes)
    transformed = transformed_of(tmp_path / "transformed", [Encoding("a", 10)], [])
    retraining = Retraining(config_of(), workspace, transformed, Splits("train", "test"), str(tmp_path))
    first, second = (retraining.result("5% bytes", Allocation({"a": 4}), 7, keep_weights=False) for _ in range(2))
    assert trained == [({"a": 4}, 7, "train", False)] * (1 if writes else 2)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == ({"5%_bytes-7.json", "5%_bytes-7.npz"} if writes else set())
    assert first.examples_per_second == second.examples_per_second == 7000.0
    assert first.scores.quality() == second.scores.quality() == scores(1).quality()

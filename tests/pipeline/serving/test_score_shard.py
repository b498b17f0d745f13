"""Scoring of one shard."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.spec import FeatureSpec
from models.metrics import Scores
from pipeline.runtime import files
from pipeline.serving.score_shard import REJECTED, STATE, ScoreShard, _logits, shard_name
from pipeline.serving.scoring import plan_scoring
from tests.pipeline.every_kind import trained_scores


def test_a_shard_has_its_scores_and_counts(job, model, served, tmp_path):
    for folder in (REJECTED, STATE):
        files.make_folder(str(tmp_path / folder))
    scoring, shards = plan_scoring(FeatureSpec.load(model), str(model), job.data.test, str(tmp_path), ["dropped one"], {})
    scorer = ScoreShard(scoring)
    scorer.served = served
    assert list(scorer.process((0, shards[0]))) == [0]
    table = pq.read_table(tmp_path / "part-00000.parquet")
    assert table.column_names == ["dropped one", "click", "score"]
    np.testing.assert_allclose(table["score"], trained_scores(job), atol=1e-5)
    assert json.loads(Path(tmp_path, STATE, "part-00000.json").read_text())["rows"] == 1000
    assert Scores.from_bytes(Path(tmp_path, STATE, "part-00000.npz").read_bytes()).rows == 1000
    assert not list((tmp_path / REJECTED).iterdir())


def test_scores_of_0_and_1_have_finite_logits():
    logits = _logits(np.array([0.0, 0.5, 1.0], np.float32))
    assert logits[1] == pytest.approx(0.0)
    np.testing.assert_allclose(logits[[0, 2]], [-np.log(1e7), np.log(1e7)], atol=1e-3)
    assert shard_name(7) == "part-00007"

"""The cost model of serving: constants out of times, and a budget in microseconds."""

import json

import numpy as np
import pytest

from pipeline.selection.latency import fitted


def test_constants_are_found_again_and_none_is_negative():
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.ones(30), rng.integers(1, 500, 30), rng.integers(0, 20, [30, 2])]).astype(float)
    np.testing.assert_allclose(fitted(rows, rows @ [300, 0.5, 20, 40]), [300, 0.5, 20, 40])
    found = fitted(rows, rows @ [300, -0.1, 20, 40])
    assert found[1] == 0
    assert (found >= 0).all()


@pytest.mark.slow
def test_a_budget_of_latency(small_job, winnow, tmp_path):
    config = small_job(selection={"budget": {"latency": "90%"}, "batch_size": 64, "epochs": 1, "frontier": {"rounds": 6}})
    for command in ("preprocess", "select"):
        code, said = winnow(command, config)
        assert code == 0, said
    measured = json.loads((tmp_path / "work" / "search" / "latency.json").read_text())
    assert measured["rows_a_request"] == 32
    assert measured["base"] > 0
    assert all(sample["us"] > 0 for sample in measured["samples"])
    selection = json.loads((tmp_path / "work" / "selection" / "selection.json").read_text())
    assert selection["cost"]["unit"] == "microseconds"
    assert measured["base"] <= selection["cost"]["spent"] <= selection["cost"]["limit"]
    code, said = winnow("select", config, "--set", "selection.budget.latency=1us")
    assert code == 2
    assert "nothing fits" in " ".join(said.split())

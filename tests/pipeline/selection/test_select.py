"""Search, choice and proof on small data, through the command line: budgets, groups, members, further points."""

import json
from pathlib import Path

import numpy as np
import pytest

from features.config import Config
from pipeline.dataset.transformed import Transformed
from pipeline.selection.candidates import Candidates
from pipeline.selection.choice import AS_GOOD
from tests.conftest import SMALL_CONFIG

NOISE = {"code", "noise", "number"}


def job(small_job, **selection) -> Path:
    rules = [dict(rule) for rule in SMALL_CONFIG["features"]]
    rules.append({"match": ["code", "noise"], "group": "codes"})
    return small_job(features=rules, selection={**SMALL_CONFIG["selection"], **selection})


def read(tmp_path, *parts) -> dict:
    return json.loads(Path(tmp_path, "work", *parts).read_text())


def test_groups_are_picked_together_and_kept_ones_first(small_job, winnow, tmp_path):
    config = job(small_job, keep=["number"], budget={"features": 3}, picks_per_round=2)
    code, said = winnow("preprocess", config)
    assert code == 0, said
    code, said = winnow("select", config)
    assert code == 0, said
    path, selection = read(tmp_path, "search", "path.json"), read(tmp_path, "selection", "selection.json")
    assert [entry["feature"] for entry in selection["kept"]] == ["number", *[p["feature"] for p in path["picks"][1:3]]]
    assert {entry["feature"] for entry in selection["kept"]} == {"number", "good", "fine"}
    assert {entry["feature"]: entry["reason"] for entry in selection["dropped"]}["still"] == "constant"
    rounds = {pick["feature"]: pick["round"] for pick in path["picks"]}
    assert rounds["code"] == rounds["noise"] == 2
    assert rounds["number"] == 0
    assert [point["cumulative_cost"] for point in selection["path_cost"]] == [1, 2, 3, 5]
    sizes = [pick["bytes"] for pick in path["picks"]]
    assert [pick["cumulative_bytes"] for pick in path["picks"]] == np.cumsum(sizes).tolist()
    assert all(0.5 < pick["estimate"]["auc"] < 1 for pick in path["picks"] if pick["estimate"])
    for entry in path["rounds"]:
        share = dict(zip(path["candidates"], entry["attention"], strict=True))
        assert share["code"] == share["noise"]
    code, said = winnow("select", config, "--set", "selection.budget.features=0.5")
    assert code == 2
    code, said = winnow("select", config, "--set", "selection.budget.bytes=8")
    assert code == 2
    assert "cannot hold all of selection.keep" in " ".join(said.split())


# A further budget tries all allocators again.
@pytest.mark.parametrize("points", ["1", pytest.param("1,25%", marks=pytest.mark.slow)])
def test_bytes_are_spent_by_the_best_of_several_allocators_and_proved(small_job, winnow, tmp_path, points):
    config = job(small_job, budget={"bytes": "40%"}, gate_count=2, frontier={"rounds": 8})
    for command in (["preprocess"], ["select"], ["prove", "--points", points]):
        code, said = winnow(command[0], config, *command[1:])
        assert code == 0, said
    selection = read(tmp_path, "selection", "selection.json")
    losses = {trial["allocator"]: trial["validation_log_loss"] for trial in selection["tried"]}
    finalists = [trial["allocator"] for trial in selection["tried"] if trial["trials"] == 3]
    assert len(losses) >= 3
    as_good = [name for name in finalists if losses[name] <= min(losses[n] for n in finalists) + AS_GOOD]
    assert selection["allocator"] in as_good
    assert selection["cost"]["spent"] == selection["bytes"] <= selection["cost"]["limit"] == 0.4 * selection["cost"]["full"]
    assert {"good", "fine"} <= {entry["feature"] for entry in selection["kept"]}
    steps = read(tmp_path, "search", "frontier.json")["steps"]
    widths = {}
    for step in steps:  # each step is the next width of its features
        key = tuple(step["features"])
        assert step["width"] == {None: 1, 1: 2, 2: 4}[widths.get(key)]
        widths[key] = step["width"]
    stability = read(tmp_path, "search", "path.json")["stability"]
    assert set(list(stability["mean_rank"])[:2]) == {"good", "fine"}
    assert stability["frequency"]["good"][-1] == 1.0
    proved = {point["name"]: point for point in read(tmp_path, "proof", "proof.json")["points"]}
    assert list(proved) == ["full", "pruned", "1 features", *(["25% bytes"] if "25%" in points else [])]
    assert proved["1 features"]["features"] == 1
    if "25%" in points:
        assert proved["25% bytes"]["bytes"] <= 0.25 * proved["full"]["bytes"]
    assert proved["full"]["auc"]["mean"] > proved["1 features"]["auc"]["mean"] > 0.6
    low, high = proved["pruned"]["auc"]["interval"]
    assert low < proved["pruned"]["auc"]["mean"] < high
    assert read(tmp_path, "proof", "proof.json")["trained_on"] == "train+validation"


def test_auto_finds_the_few_features_that_matter(small_job, winnow, tmp_path):
    config = job(small_job, budget={"auto": "features", "tolerance": 0.01})
    for command in ("preprocess", "select"):
        code, said = winnow(command, config)
        assert code == 0, said
    selection = read(tmp_path, "selection", "selection.json")
    assert {entry["feature"] for entry in selection["kept"]} == {"good", "fine"}
    assert selection["budget"] == {"auto": "features", "tolerance": 0.01}


def test_a_gate_has_a_chunk_for_each_width(small_job, winnow, tmp_path):
    config = Config.load(job(small_job))
    winnow("preprocess", tmp_path / "small.yaml")
    found = Candidates.of(config, Transformed(str(tmp_path / "work" / "transformed")))
    assert sorted(map(len, found.units)) == [1, 1, 1, 2]
    assert found.allowed([1, 2, 8]) == [1, 2, 4]
    gate = found.gate([1, 2, 4])
    assert gate.depth.tolist() == [3] * 4
    assert [gate.chunks[place] for place, owner in enumerate(gate.candidates) if owner == 0] == [0, 1, 2, 2]
    assert found.gate().depth.tolist() == [1] * 4


def test_rounds_that_get_shorter_are_written_down_and_find_the_same(small_job, winnow, tmp_path):
    config = job(small_job, round_shape=1.0, warmup=0.2)
    assert winnow("preprocess", config)[0] == 0
    code, said = winnow("select", config)
    assert code == 0, said
    path = read(tmp_path, "search", "path.json")
    schedule = path["schedule"]
    # 5,400 train rows, two epochs of 84 batches of 64: 168 steps are 5 rounds of 33, of which 132 go to 4 rounds at 1/r.
    assert (schedule["round_steps"], schedule["warmup_rounds"], schedule["steps"]) == ([33, 63, 32, 21, 16], 1, 165)
    assert [entry["round"] for entry in path["rounds"]] == [1, 2, 3, 4]
    assert {pick["feature"] for pick in path["picks"][:2]} == {"good", "fine"}
    assert "search: 5/5 picked" in said

"""The documents of a search: their text to the byte."""

import pytest

from features.errors import DataError
from features.path import (
    Estimate,
    LatencyFit,
    LatencySample,
    Pick,
    Round,
    SearchPath,
    SearchSchedule,
    Stability,
    WidthPath,
    WidthPick,
)

PICKED = {"width": 4, "attention": 0.5, "bytes": 160}
SCHEDULE = SearchSchedule(round_steps=[20, 25, 15], warmup_rounds=1, picks_per_round=1, steps=60, batch_size=64)


def path(**changes) -> SearchPath:
    """A search that picked two of two features; the first one was a must."""
    picks = [
        Pick(round=0, feature="b", cumulative_bytes=160, **PICKED),
        Pick(round=1, feature="a", cumulative_bytes=320, estimate=Estimate(auc=0.7, log_loss=0.6), score=0.5, **PICKED),
    ]
    fields = {"method": "sequential_attention", "seed": 1, "schedule": SCHEDULE, "candidates": ["a", "b"], "picks": picks}
    fields |= {"units": [["a"], ["b"]], "widths": {"a": 4, "b": 4}, "not_candidates": {"c": "constant"}, "seconds": 1.5}
    return SearchPath(**fields | {"rounds": [Round(round=1, loss=0.65, attention=[0.9, 0.1])]} | changes)


TEXT = """{
 "method": "sequential_attention",
 "seed": 1,
 "schedule": {
  "round_steps": [
   20,
   25,
   15
  ],
  "warmup_rounds": 1,
  "picks_per_round": 1,
  "steps": 60,
  "batch_size": 64
 },
 "candidates": [
  "a",
  "b"
 ],
 "units": [
  [
   "a"
  ],
  [
   "b"
  ]
 ],
 "widths": {
  "a": 4,
  "b": 4
 },
 "not_candidates": {
  "c": "constant"
 },
 "picks": [
  {
   "round": 0,
   "feature": "b",
   "width": 4,
   "attention": 0.5,
   "bytes": 160,
   "cumulative_bytes": 160,
   "estimate": null
  },
  {
   "round": 1,
   "feature": "a",
   "width": 4,
   "attention": 0.5,
   "bytes": 160,
   "cumulative_bytes": 320,
   "estimate": {
    "auc": 0.7,
    "log_loss": 0.6
   },
   "score": 0.5
  }
 ],
 "rounds": [
  {
   "round": 1,
   "loss": 0.65,
   "attention": [
    0.9,
    0.1
   ]
  }
 ],
 "seconds": 1.5
}
"""


def test_a_path_is_the_same_bytes_when_it_is_written_again():
    assert path().to_json() == TEXT
    assert SearchPath.from_json(TEXT, "path.json") == path()


def test_several_gates_say_how_far_they_agree():
    stability = Stability(members_spearman=0.9, mean_rank={"a": 1.5}, frequency={"a": [0.5, 1.0]})
    text = path(stability=stability).to_json()
    assert text.startswith(TEXT[:-3] + ',\n "stability": {\n  "members_spearman": 0.9,')
    assert SearchPath.from_json(text, "path.json").stability == stability


def test_a_method_that_only_ranks_has_no_schedule():
    text = path(schedule=None, rounds=[]).to_json()
    assert ' "schedule": null,\n' in text
    assert SearchPath.from_json(text, "path.json").schedule is None


def test_a_field_of_another_version_is_refused():
    with pytest.raises(DataError, match=r"path\.json: picks\.1\.gain: Extra inputs are not permitted"):
        SearchPath.from_json(TEXT.replace('"score": 0.5', '"score": 0.5, "gain": 1'), "path.json")


def test_a_path_of_widths_is_the_same_bytes_when_it_is_written_again():
    steps = [WidthPick(round=0, features=["a"], width=1), WidthPick(round=1, features=["a"], width=2, score=-0.5)]
    widths = WidthPath(widths=[1, 2], steps=steps, seconds=2.0)
    text = widths.to_json()
    assert '  {\n   "round": 0,\n   "features": [\n    "a"\n   ],\n   "width": 1\n  },\n' in text
    assert text.endswith('   "width": 2,\n   "score": -0.5\n  }\n ],\n "seconds": 2.0\n}\n')
    assert WidthPath.from_json(text, "frontier.json") == widths


def test_a_cost_model_of_latency_is_the_same_bytes_when_it_is_written_again():
    samples = [LatencySample(features=2, columns=8, us=310.0)]
    fit = LatencyFit(rows_a_request=1, base=300.0, column=0.5, kinds={"dense": 3.0}, median_error=0.01, samples=samples)
    text = fit.to_json()
    assert ' "kinds": {\n  "dense": 3.0\n },\n "median_error": 0.01,\n' in text
    assert LatencyFit.from_json(text, "latency.json") == fit


def test_lengths_of_rounds_in_words():
    assert (SCHEDULE.picking_rounds, SCHEDULE.picking_lengths) == (2, "25 to 15")
    assert SCHEDULE.model_copy(update={"round_steps": [10, 25, 25]}).picking_lengths == "25"

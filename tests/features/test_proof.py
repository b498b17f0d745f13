"""The documents of a proof, and of what serving costs: their text to the byte."""

import pytest

from features.errors import DataError
from features.proof import FIGURES, Figure, Measured, Proof, ProofPoint, Timing

FULL = Figure(mean=0.75, by_seed=[0.5, 1.0], interval=(0.7, 0.8), difference=0.0, difference_interval=(0.0, 0.0))
PRUNED = Figure(mean=0.5, by_seed=[0.5, 0.5], interval=(0.4, 0.6), difference=-0.25, difference_interval=(-0.3, -0.2))


def proof(**changes) -> Proof:
    """Two models, two seeds."""
    points = [
        ProofPoint(name="full", features=2, bytes=400, widths={"a": 4, "b": 4}, auc=FULL, log_loss=FULL),
        ProofPoint(name="pruned", features=1, bytes=80, widths={"a": 2}, auc=PRUNED, log_loss=FULL, rows={"a": 10}),
    ]
    return Proof(**{"split": "test", "rows": 9, "seeds": [1, 2], "confidence": 0.95, "points": points} | changes)


FIGURE = """{
    "mean": 0.5,
    "by_seed": [
     0.5,
     0.5
    ],
    "interval": [
     0.4,
     0.6
    ],
    "difference": -0.25,
    "difference_interval": [
     -0.3,
     -0.2
    ]
   }"""


def test_a_proof_is_the_same_bytes_when_it_is_written_again():
    text = proof().to_json()
    assert text.startswith(
        '{\n "split": "test",\n "rows": 9,\n "seeds": [\n  1,\n  2\n ],\n "confidence": 0.95,\n "points": [\n'
    )
    assert f'   "widths": {{\n    "a": 2\n   }},\n   "auc": {FIGURE},\n' in text
    assert text.endswith('   },\n   "rows": {\n    "a": 10\n   }\n  }\n ]\n}\n')
    assert Proof.from_json(text, "proof.json") == proof()
    assert Proof.from_json(text, "proof.json").to_json() == text


def test_points_are_told_by_name():
    assert proof().point("pruned").bytes == 80
    assert proof().has("full", "pruned")
    assert not proof().has("full", "previous")
    with pytest.raises(DataError, match="has no point 'previous', only full, pruned"):
        proof().point("previous")


def test_every_figure_of_a_point_is_had_by_name():
    figures = {name: PRUNED.model_copy(update={"mean": number}) for number, name in enumerate(FIGURES)}
    point = ProofPoint(name="pruned", features=1, bytes=80, widths={}, **figures)
    assert [point.figure(name).mean for name in FIGURES] == [0, 1, 2, 3]


def test_a_field_that_is_unknown_is_named():
    text = proof(trained_on="train").to_json()
    assert text.endswith(' ],\n "trained_on": "train"\n}\n')
    with pytest.raises(DataError, match=r"proof\.json: points\.1\.auc\.median: Extra inputs are not permitted"):
        Proof.from_json(text.replace('"mean": 0.5', '"mean": 0.5, "median": 0.5'), "proof.json")


def test_timing_and_what_was_measured_are_the_same_bytes_when_they_are_written_again():
    timing = Timing(training_examples_per_second={"full": 10.5}, seconds=3.0)
    text = '{\n "training_examples_per_second": {\n  "full": 10.5\n },\n "seconds": 3.0\n}\n'
    assert timing.to_json() == text
    assert Timing.from_json(text, "timing.json") == timing
    measured = Measured(latency_us={"full": {"1": 300.5}}, bytes_on_disk={"pruned": 7})
    text = '{\n "latency_us": {\n  "full": {\n   "1": 300.5\n  }\n },\n "bytes_on_disk": {\n  "pruned": 7\n }\n}\n'
    assert measured.to_json() == text
    assert Measured.from_json(text, "measured.json") == measured

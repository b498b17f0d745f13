"""Warnings say what is wrong and what to do."""

import numpy as np
import pytest

from models.schedule import Schedule
from pipeline.selection import warnings as module


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(module, "say", lines.append)
    return lines


def test_schedules(said):
    module.warn_of_schedule(Schedule((20,) * 11, 1), 4)
    assert said == []
    module.warn_of_schedule(Schedule((19,) * 11, 1), 5)
    module.warn_of_schedule(Schedule((19, 30, 10, 10), 1), 4)
    assert [line.split(";")[0] for line in said] == [
        "warning: 19 optimizer steps a round",
        "warning: selection.epochs is 5",
        "warning: 17 optimizer steps a round on average",
    ]


def test_quality_of_chance(said):
    module.warn_of_quality(0.51, "validation")
    assert said == []
    module.warn_of_quality(0.5099, "validation")
    assert said[0].startswith("warning: validation AUC is 0.5099, no better than chance")


def test_a_leak_stands_out_and_honest_ids_do_not():
    rng = np.random.default_rng(0)
    label = (rng.random(4000) < 0.3).astype(np.float32)
    columns = {
        "leak": (2 + label).astype(np.int32),
        "leak_float": 1 - label + 0.001 * rng.normal(size=4000).astype(np.float32),
        "row_id": np.arange(4000),  # tells each row apart, and nothing of the others
        "noise": rng.integers(0, 5, 4000),
    }
    aucs = module.single_aucs(columns, label)
    assert aucs["leak"] > 0.999
    assert aucs["leak_float"] > 0.999
    assert aucs["row_id"] == pytest.approx(0.5)
    assert aucs["noise"] == pytest.approx(0.5, abs=0.03)


def test_the_same_partition_under_other_names():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 9, 500)
    columns = {"a": a, "b": rng.permutation(9)[a] + 3, "c": a // 2, "d": np.zeros(500, int), "e": np.ones(500, int)}
    assert module.same_partitions(columns) == [("a", "b")]

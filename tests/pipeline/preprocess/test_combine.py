"""Partials merged by Beam, and ids that stay from one run to the next."""

import numpy as np

from features.codes import Categorical
from pipeline.preprocess import combine
from pipeline.preprocess.analyze import analyze
from pipeline.preprocess.combine import MergePartials
from pipeline.preprocess.partial import merge
from tests.pipeline.preprocess.raw_columns import keys, table
from tests.pipeline.preprocess.small_logs import config, day, lines, preprocessed, write

RNG = np.random.default_rng(7)


def sorted_rows(partial):
    return partial.counts.sort_by("value").to_pylist(), partial.missing, partial.missing_rows


def test_accumulators_give_what_one_merge_gives_and_stay_small(monkeypatch):
    monkeypatch.setattr(combine, "_UNMERGED_VALUES", 100)
    feature, merging = Categorical(name="c"), MergePartials()
    partials = [analyze(feature, table(c=[f"v{value}" for value in RNG.integers(0, 90, 300)]), keys(300)) for _ in range(20)]
    accumulators = [merging.create_accumulator() for _ in range(3)]
    for number, partial in enumerate(partials):
        accumulators[number % 3] = merging.add_input(accumulators[number % 3], partial)
        assert sum(part.counts.num_rows for part in accumulators[number % 3][1:]) <= 100
    merged = merging.extract_output(merging.merge_accumulators([*accumulators, []]))
    assert sorted_rows(merged) == sorted_rows(merge(partials))
    assert merging.merge_accumulators([[], []]) == []


def test_stable_ids_stay_when_a_day_is_added(tmp_path):
    (tmp_path / "logs").mkdir()
    settings = config(f"{tmp_path}/logs/day-*", tmp_path / "w", incremental=True, stable_ids=True)
    day(tmp_path / "logs", 1)
    before = preprocessed(settings, tmp_path / "first")["vocabulary/c.txt"].split()
    rows = lines(1500, 2)
    write(tmp_path / "logs" / "day-2", [line.replace(b"\tc7\t", b"\tnew\t") for line in rows] + [b"1\t0\tc39\td1\t0"] * 500)
    after = preprocessed(settings, tmp_path / "second")["vocabulary/c.txt"].split()
    assert after[: len(before)] == before
    assert after[len(before) :] == ["new"]
    free = preprocessed(config(f"{tmp_path}/logs/day-*", tmp_path / "w2"), tmp_path / "third")["vocabulary/c.txt"].split()
    assert free[0] == "c39"
    assert sorted(free) == sorted(after)

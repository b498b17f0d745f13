"""Which split a row belongs to."""

import json

import numpy as np
import pytest

from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split import split_of
from pipeline.raw import shards
from pipeline.raw.read import read
from tests.pipeline.preprocess.small_logs import config, lines, made, write


@pytest.mark.parametrize(
    ("split", "of"),
    [
        (
            {"by": "column", "column": "day", "validation_values": ["8"], "test_values": ["9"]},
            lambda day: {8: 1, 9: 2}.get(day, 0),
        ),
        ({"by": "time", "column": "day", "validation_from": 7, "test_from": 9}, lambda day: int(day >= 7) + int(day >= 9)),
        ({"by": "time", "column": "day", "test_from": "8"}, lambda day: 2 * int(day >= 8)),
    ],
)
def test_splits_by_column_and_time(tmp_path, split, of):
    found = made(config(write(tmp_path / "a", lines(1000, 1)), tmp_path, split=split), tmp_path / "out")
    expected = np.bincount([of(row % 10) for row in range(1000)], minlength=3)
    rows = [part["rows"] for part in json.loads(found["manifest.json"])["splits"].values()]
    assert rows == expected.tolist()


def test_a_split_by_hash_keeps_the_rows_of_a_key_together_and_files_of_its_own_go_whole(tmp_path):
    settings = config(write(tmp_path / "a", lines(2000, 1)), tmp_path, split={"by": "hash", "column": "day", "validation": 0.4})
    job = ResolvedConfig.of(settings)
    piece = shards.plan_shards(settings.data, job.listed)[0].pieces[0]
    rows = next(read(settings.data, job.columns, piece))
    places = split_of(settings.data, rows, "train")
    by_day = {day: set(places[np.arange(2000) % 10 == day].tolist()) for day in range(10)}
    assert all(len(found) == 1 for found in by_day.values())
    assert {place for found in by_day.values() for place in found} == {0, 1}
    own = settings.data.model_copy(update={"validation": ["other"]})
    assert set(split_of(own, rows, "train").tolist()) == {0}
    assert set(split_of(own, rows, "validation").tolist()) == {1}

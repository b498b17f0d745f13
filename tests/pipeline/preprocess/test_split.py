"""Which split a row belongs to."""

import json

import numpy as np
import pyarrow as pa
import pytest

from features.data_config import DataConfig
from features.errors import DataError
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split import TEST, TRAIN, VALIDATION, split_of
from pipeline.raw import shards
from pipeline.raw.read import Rows, read
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


def places_of(column, **split):
    data = DataConfig(format="csv", train="a.csv", label="y", split={"column": "c", **split})
    return split_of(data, Rows(pa.table({"c": column}), "a.csv", 0), "train").tolist()


def test_values_of_a_column_name_the_split():
    column = ["train", "validation", "test", "else"]
    assert places_of(column, by="column") == [TRAIN, VALIDATION, TEST, TRAIN]
    others = {"validation_values": "else", "test_values": ["train", "test"]}
    assert places_of(column, by="column", **others) == [TEST, TRAIN, TEST, VALIDATION]


def test_a_split_without_values_has_no_rows():
    assert places_of(["validation", "test"], by="column", validation_values=[]) == [TRAIN, TEST]
    assert places_of(["validation", "test"], by="column", validation_values=[], test_values=[]) == [TRAIN, TRAIN]


def test_times_are_compared_as_texts_or_as_numbers():
    days = ["2024-01-01", "", "2024-01-03", "2024-01-09"]
    assert places_of(days, by="time", validation_from="2024-01-03", test_from="2024-01-08") == [TRAIN, TRAIN, VALIDATION, TEST]
    assert places_of(["9", "10", ""], by="time", test_from=10) == [TRAIN, TEST, TRAIN]
    with pytest.raises(DataError, match=r"data\.split\.column: 'c'.*its bounds in data\.split are numbers"):
        places_of(["soon"], by="time", test_from=10)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_rows_of_one_key_stay_together(seed):
    keys = [str(number % 200) for number in range(20_000)]
    places = np.array(places_of(keys, by="hash", validation=0.2, test=0.3, seed=seed))
    assert all(len(set(places[number::200])) == 1 for number in range(200))
    assert np.mean(places == VALIDATION) == pytest.approx(0.2, abs=0.1)
    assert np.mean(places == TEST) == pytest.approx(0.3, abs=0.1)

"""Which split a row belongs to."""

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.config.data import DataConfig
from features.errors import DataError
from features.time_scale import TimeScale
from pipeline.preprocess.count import count
from pipeline.preprocess.folders import Folders
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split import TEST, TRAIN, VALIDATION, split_of
from pipeline.raw import shards
from pipeline.raw.read import Rows, read
from tests.pipeline.preprocess.small_logs import config, lines, preprocessed, write


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
    splits_of_day = preprocessed(config(write(tmp_path / "a", lines(1000, 1)), tmp_path, split=split), tmp_path / "out")
    expected = np.bincount([of(row % 10) for row in range(1000)], minlength=3)
    rows = [part["rows"] for part in json.loads(splits_of_day["manifest.json"])["splits"].values()]
    assert rows == expected.tolist()


def test_a_split_by_hash_keeps_the_rows_of_a_key_together_and_files_of_its_own_go_whole(tmp_path):
    settings = config(write(tmp_path / "a", lines(2000, 1)), tmp_path, split={"by": "hash", "column": "day", "validation": 0.4})
    job = ResolvedConfig.of(settings)
    piece = shards.plan_shards(settings.data, job.listed)[0].pieces[0]
    rows = next(read(settings.data, job.columns, piece))
    places = split_of(settings.data, rows, "train")
    by_day = {day: set(places[np.arange(2000) % 10 == day].tolist()) for day in range(10)}
    assert all(len(splits_of_day) == 1 for splits_of_day in by_day.values())
    assert {split_index for splits_of_day in by_day.values() for split_index in splits_of_day} == {0, 1}
    with_validation_files = settings.data.model_copy(update={"validation": ["other"]})
    assert set(split_of(with_validation_files, rows, "train").tolist()) == {0}
    assert set(split_of(with_validation_files, rows, "validation").tolist()) == {1}


def places_of(column, **split):
    data = DataConfig(format="csv", train="a.csv", label="y", split={"column": "c", **split})
    return split_of(data, Rows(pa.table({"c": column}), "a.csv", 0, (0, 1)), "train").tolist()


def test_values_of_a_column_name_the_split():
    column = ["train", "validation", "test", "else"]
    assert places_of(column, by="column") == [TRAIN, VALIDATION, TEST, TRAIN]
    others = {"validation_values": "else", "test_values": ["train", "test"]}
    assert places_of(column, by="column", **others) == [TEST, TRAIN, TEST, VALIDATION]


def test_a_split_without_values_has_no_rows():
    assert places_of(["validation", "test"], by="column", validation_values=[]) == [TRAIN, TEST]
    assert places_of(["validation", "test"], by="column", validation_values=[], test_values=[]) == [TRAIN, TRAIN]


def test_times_are_compared_by_their_keys():
    split = {"by": "time", "validation_from": "2024-01-03", "test_from": "2024-01-08"}
    keys = TimeScale.of(["2024-01-03"]).keys(pa.array(["2024-01-01", "", "2024-01-03", "2024-01-09"]))
    assert places_of(keys, **split) == [TRAIN, TRAIN, VALIDATION, TEST]
    assert places_of(keys, by="time", test_from="2024-01-03") == [TRAIN, TRAIN, TEST, TEST]
    assert places_of([9.0, 10.0, -np.inf], by="time", test_from=10) == [TRAIN, TEST, TRAIN]


HOURS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(96)]  # four days
WRITTEN = {
    "iso with T": lambda hour: f"{hour:%Y-%m-%dT%H:%M:%S}",
    "iso with a blank": lambda hour: f"{hour:%Y-%m-%d %H:%M:%S}",
    "iso with a zone": lambda hour: f"{hour.astimezone(timezone(timedelta(hours=-5))):%Y-%m-%dT%H:%M:%S%z}",
    "slashes": lambda hour: f"{hour:%Y/%m/%d %H:%M}",
    "no leading zeros": lambda hour: f"{hour.month}/{hour.day}/{hour.year} {hour.hour}:{hour.minute:02d}",
    "apache": lambda hour: f"{hour:%d/%b/%Y:%H:%M:%S}",
    "seconds": lambda hour: f"{hour.timestamp():.0f}",
    "milliseconds": lambda hour: f"{hour.timestamp() * 1e3:.0f}",
    "microseconds": lambda hour: f"{hour.timestamp() * 1e6:.0f}",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_rows_are_split_by_time_in_whatever_form_it_is_written(tmp_path, form):
    rows = [f"{number % 2}\t1.5\tc{number % 7}\td1\t{WRITTEN[form](HOURS[number % 96])}".encode() for number in range(960)]
    split = {"by": "time", "column": "day", "validation_from": "2024-01-03T12:00:00", "test_from": "2024-01-04"}
    rows_of_splits = counted_rows(config(write(tmp_path / "a", rows), tmp_path, split=split), tmp_path / "out")
    assert rows_of_splits == {"train": 600, "validation": 120, "test": 240}


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us", "Europe/Berlin"), pa.int64()])
def test_rows_are_split_by_the_times_of_parquet(tmp_path, kind):
    hours = pa.array([hour.timestamp() for hour in HOURS] * 10).cast(pa.int64()).cast(pa.timestamp("s"))
    table = pa.table(
        {"label": [0, 1] * 480, "n": [1.5] * 960, "c": ["a", "b"] * 480, "d": ["e"] * 960, "day": hours.cast(kind)}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    split = {"by": "time", "column": "day", "validation_from": "2024-01-03T12:00:00", "test_from": "2024-01-04"}
    settings = parquet_config(str(tmp_path / "a.parquet"), tmp_path, split)
    assert counted_rows(settings, tmp_path / "out") == {"train": 600, "validation": 120, "test": 240}


def parquet_config(path, work, split):
    return Config.model_validate(
        {
            "name": "test",
            "work_dir": str(work),
            "data": {"format": "parquet", "train": path, "label": "label", "split": split},
            "features": [{"match": ["c", "d"]}],
            "selection": {"budget": {"features": 1}},
        }
    )


def counted_rows(settings, folder):
    folders = Folders.of(str(folder), settings.work_dir, False)
    folders.make()
    parsed = count(ResolvedConfig.of(settings), folders, ())
    return {split: sum(shard.counts(split).rows for shard in parsed) for split in ("train", "validation", "test")}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("soon", r"column 'day': not a time that data\.split could compare with 1/2/2024 \(such as at .*/a, offset 170\)"),
        ("31/1/2024", r"column 'day': a day before the month; set data\.split\.day_first \(such as at .*/a, offset 170\)"),
    ],
)
def test_what_is_no_time_is_named_with_file_row_and_remedy(tmp_path, value, reason):
    rows = [f"{number % 2}\t1\tc\td\t1/{number % 4 + 1}/2024".encode() for number in range(100)]
    rows[10] = f"1\t1\tc\td\t{value}".encode()
    settings = config(write(tmp_path / "a", rows), tmp_path, split={"by": "time", "column": "day", "test_from": "1/2/2024"})
    with pytest.raises(DataError, match=r"1 of 100 rows are malformed(.|\n)*1 rows: " + reason):
        counted_rows(settings, tmp_path / "out")


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_rows_of_one_key_stay_together(seed):
    keys = [str(number % 200) for number in range(20_000)]
    places = np.array(places_of(keys, by="hash", validation=0.2, test=0.3, seed=seed))
    assert all(len(set(places[number::200])) == 1 for number in range(200))
    assert np.mean(places == VALIDATION) == pytest.approx(0.2, abs=0.1)
    assert np.mean(places == TEST) == pytest.approx(0.3, abs=0.1)

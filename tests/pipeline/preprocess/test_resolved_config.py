"""A config bound to its data: files, columns, and what is counted."""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.errors import ConfigError, DataError
from features.inputs import Input
from features.numbers import Numeric
from pipeline.preprocess import resolved_config
from pipeline.preprocess.resolved_config import ResolvedConfig
from tests.pipeline.preprocess.small_logs import config, lines, write


def test_columns_are_those_of_features_label_weight_and_split(tmp_path):
    path = write(tmp_path / "a", lines(20, 1))
    split = {"by": "column", "column": "day", "test_values": ["9"]}
    resolved = ResolvedConfig.of(config(path, tmp_path, split=split))
    assert [feature.name for feature in resolved.features] == ["n", "c", "d"]
    assert resolved.columns == [
        Input("n", "float32"),
        Input("c", "string"),
        Input("d", "string"),
        Input("label", "float32"),
        Input("day", "string"),
    ]
    assert resolved.counted == [*resolved.features, Numeric(name="label")]
    assert [file.path for file in resolved.files] == [path]


def test_values_are_counted_in_buckets_where_there_are_many_bytes(tmp_path, monkeypatch):
    resolved = ResolvedConfig.of(config(write(tmp_path / "a", lines(100, 1)), tmp_path))
    assert resolved.buckets == 1
    monkeypatch.setattr(resolved_config, "BUCKET_BYTES", resolved.files[0].size // 3)
    assert resolved.buckets == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"label": "y"}, "data.label: column 'y' is not in "),
        ({"weight": "w"}, "data.weight: column 'w' is not in "),
        ({"split": {"by": "hash", "column": "u"}}, "data.split.column: column 'u' is not in "),
    ],
)
def test_a_column_that_the_data_lacks_is_named(tmp_path, data, message):
    with pytest.raises(DataError) as raised:
        ResolvedConfig.of(config(write(tmp_path / "a", lines(20, 1)), tmp_path, **data))
    assert str(raised.value).startswith(message)


def test_the_fingerprint_is_that_of_the_same_files_elsewhere(tmp_path):
    path = write(tmp_path / "a", lines(20, 1))
    before = ResolvedConfig.of(config(path, tmp_path)).fingerprint()
    (tmp_path / "moved").mkdir()
    moved = Path(shutil.copy2(path, tmp_path / "moved"))
    assert ResolvedConfig.of(config(str(moved), tmp_path / "other")).fingerprint() == before
    assert ResolvedConfig.of(config(f"{tmp_path}/moved/*", tmp_path)).fingerprint() == before
    os.utime(moved, (0, 0))  # another time
    assert ResolvedConfig.of(config(str(moved), tmp_path)).fingerprint() != before
    column = tmp_path / "day=1"  # a folder that is a column
    column.mkdir()
    assert ResolvedConfig.of(config(shutil.copy2(path, column), tmp_path)).fingerprint() != before


def test_the_fingerprint_depends_on_the_files(tmp_path):
    before = ResolvedConfig.of(config(write(tmp_path / "a", lines(20, 1)), tmp_path)).fingerprint()
    after = ResolvedConfig.of(config(write(tmp_path / "a", lines(21, 1)), tmp_path)).fingerprint()
    assert before[:2] == after[:2]
    assert before[2] != after[2]


TIMES = pa.array([1, 2], pa.timestamp("ms"))
STRUCTS = pa.array([{"a": 1}, {"a": 2}])


@pytest.mark.parametrize(
    ("column", "data", "message"),
    [
        ({"label": TIMES}, {}, r"data\.label: column 'label' is timestamp\[ms\], where numbers are expected; write it as"),
        ({"label": [[0], [1]]}, {}, None),
        ({"w": TIMES}, {"weight": "w"}, r"data\.weight: column 'w' is timestamp\[ms\], where numbers are expected"),
        ({"u": STRUCTS}, {"split": {"by": "hash", "column": "u"}}, r"data\.split\.column: column 'u' is struct<a: int64>"),
        ({"c": STRUCTS}, {}, r"column 'c' is struct<a: int64>, which no feature can hold; flatten it, or match other columns"),
        ({"c": pa.array([[[1]], [[2]]])}, {}, r"column 'c' is list<.*list<.*>>, which no feature can hold"),
        ({"c": pa.array([[("k", 1)]] * 2, pa.map_(pa.string(), pa.int64()))}, {}, r"column 'c' is map<string, int64"),
        ({"c": TIMES}, {}, None),
    ],
)
def test_types_that_cannot_be_read_are_refused_with_their_column(tmp_path, column, data, message):
    columns = {"label": [0, 1], "n": [1.0, 2.0], "c": ["x", "y"], "d": ["x", "y"], **column}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    document = config(f"{tmp_path}/a.parquet", tmp_path).model_dump(exclude_unset=True)
    files = {"format": "parquet", "train": [f"{tmp_path}/a.parquet"], "label": "label"}
    asked = Config.model_validate({**document, "data": {**files, **data}})
    if message is None:
        assert [feature.name for feature in ResolvedConfig.of(asked).features] == ["n", "c", "d"]
        return
    with pytest.raises(DataError, match=message):
        ResolvedConfig.of(asked)


def test_one_file_under_two_names_is_refused(tmp_path):
    path = write(tmp_path / "a", lines(20, 1))
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(ConfigError, match=r"data\.test: .*/a is a file of data\.train too, so that a model would be tested on"):
        ResolvedConfig.of(config(path, tmp_path, test=path, split={}))
    with pytest.raises(ConfigError, match=r"data\.train: .*/a and .*/link are one file, whose rows would count twice; leave"):
        ResolvedConfig.of(config([path, f"{tmp_path}/link"], tmp_path))
    assert len(ResolvedConfig.of(config([path, path, f"{tmp_path}/[a]"], tmp_path)).files) == 1

"""A config bound to its data: files, columns, and what is counted."""

import pytest

from features.errors import DataError
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


def test_the_fingerprint_depends_on_the_files(tmp_path):
    before = ResolvedConfig.of(config(write(tmp_path / "a", lines(20, 1)), tmp_path)).fingerprint()
    after = ResolvedConfig.of(config(write(tmp_path / "a", lines(21, 1)), tmp_path)).fingerprint()
    assert before[:2] == after[:2]
    assert before[2] != after[2]

"""What batch scoring reads."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ConfigError, DataError
from features.inputs import Input
from features.spec import FeatureSpec
from pipeline.serving.scoring import plan_scoring
from tests.features.test_spec import document


@pytest.fixture
def spec():
    """A spec that reads the columns a (text), n (number)."""
    columns = [("a", "string"), ("n", "float32")]
    inputs = [{"name": n, "argument": n, "dtype": d, "length": None, "missing": "" if n == "a" else None} for n, d in columns]
    return FeatureSpec.model_validate(document(label="click", inputs=inputs, source={"format": "csv", "missing": ["NA"]}))


def planned(spec, path: Path, carry=(), **source):
    return plan_scoring(spec, "model", [str(path)], "out", carry, source)[0]


def test_columns_are_the_models_the_label_and_the_carried_each_once(spec, tmp_path):
    (tmp_path / "rows.csv").write_text("key,a,n,click,other\n1,x,2,0,y\n")
    scoring = planned(spec, tmp_path / "rows.csv", ["key", "a"])
    assert scoring.columns == [Input("key", "string"), Input("a", "string"), Input("click", "float32"), Input("n", "float32")]
    assert [column.name for column in scoring.carried] == ["key", "a", "click"]
    assert scoring.data.missing == ["NA"]  # as the model was made


def test_a_label_of_text_files_that_is_carried_is_read_as_a_number(spec, tmp_path):
    (tmp_path / "rows.csv").write_text("a,n,click\nx,2,0\n")
    assert planned(spec, tmp_path / "rows.csv", ["click"]).carried == [Input("click", "float32")]


def test_typed_columns_are_carried_in_their_type(spec, tmp_path):
    table = pa.table({"a": ["x"], "n": [1.0], "click": pa.array([0], pa.int8()), "key": [5], "score": [0.5]})
    pq.write_table(table, tmp_path / "rows.parquet")
    scoring = planned(spec, tmp_path / "rows.parquet", ["key", "click"], format="parquet")
    assert scoring.carried == [Input("key", "int64"), Input("click", "int64")]
    with pytest.raises(ConfigError, match="--carry score: only columns of one value that are not called 'score'"):
        planned(spec, tmp_path / "rows.parquet", ["score"], format="parquet")


def test_an_absent_column_or_file_is_named(spec, tmp_path):
    (tmp_path / "rows.csv").write_text("a,click\nx,0\n")
    with pytest.raises(DataError, match=r"rows\.csv: column 'n', which the model reads, is not there; it has a, click"):
        planned(spec, tmp_path / "rows.csv")
    with pytest.raises(DataError, match="--input: no file matches"):
        planned(spec, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("csv", ["click", "a", "n"], False)),
        ({"format": "tsv"}, ("tsv", ["click", "a", "n"], False)),
        ({"header": True}, ("csv", [], True)),
        ({"format": "parquet"}, ("parquet", [], True)),
    ],
)
def test_files_are_written_as_those_of_training_but_for_what_is_said(spec, tmp_path, fields, expected):
    trained = {"format": "csv", "columns": ["click", "a", "n"], "header": False}
    spec = FeatureSpec.model_validate(spec.model_dump() | {"source": trained})
    path = tmp_path / "rows"
    mark = "\t" if fields.get("format") == "tsv" else ","
    path.write_text("".join(f"{mark.join(row)}\n" for row in (["click", "a", "n"], ["1", "x", "2"])))
    if fields.get("format") == "parquet":
        pq.write_table(pa.table({"click": [1.0], "a": ["x"], "n": [2.0]}), path)
    data = planned(spec, path, **fields).data
    assert (data.format, data.columns, data.header) == expected

"""Labels: 0 and 1, named values, and rows without any."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config.data import DataConfig
from pipeline.raw.labels import read_labels
from tests.pipeline.raw.raw_files import data, read_all, write

WORDS = pa.array(["yes", " no ", "yes", "", None, "maybe"])


def read(column, **fields):
    """Labels, None where there is none; and the reason of each fault."""
    config = DataConfig.model_validate({"format": "csv", "train": "a", "label": "y"} | fields)
    labels = read_labels(pa.chunked_array([column]), config, "invalid UTF-8")
    values = [None if math.isnan(value) else value for value in labels.values.tolist()]
    faults = {reason: mask.tolist() for mask, reason in labels.faults if mask.any()}
    return values, labels.absent.tolist(), faults


@pytest.mark.parametrize(
    "column",
    [pa.array(["0", "1", " 1 ", "", "-1"]), pa.array([0.0, 1.0, 1.0, math.nan, -1.0]), pa.array([0, 1, 1, None, -1])],
)
def test_labels_are_0_and_1_and_without_one_empty_or_minus_1(column):
    assert read(column) == ([0, 1, 1, None, None], [False, False, False, True, True], {})


def test_other_values_are_faults_that_name_the_remedy():
    values, absent, faults = read(pa.array(["0", "2", "1"]))
    assert (values, absent) == ([0, None, 1], [False] * 3)
    assert faults == {"column 'y': the label is not 0 or 1 (see data.positive)": [False, True, False]}
    assert "column 'y': not a number" in read(pa.array(["0", "yes"]))[2]


@pytest.mark.parametrize(
    ("column", "positive", "labels"),
    [
        (WORDS, ["yes"], [1, 0, 1, None, None, 0]),
        (WORDS, "yes", [1, 0, 1, None, None, 0]),
        (WORDS.dictionary_encode(), ["yes", "maybe"], [1, 0, 1, None, None, 1]),
        (pa.array([1, -1, -1, None]), [1], [1, 0, 0, None]),
        (pa.array([1.0, -1.0, math.nan, 4.5]), [1, 4.5], [1, 0, None, 1]),
        (pa.array([5, 4, 3], pa.int8()), [4, 5], [1, 1, 0]),
        (pa.array([True, False, None]), [True], [1, 0, None]),
        (pa.array(["1", "-1", "NA"]), 1, [1, 0, None]),
    ],
)
def test_values_are_named_that_mean_1(column, positive, labels):
    values, absent, faults = read(column, positive=positive, missing=["NA"])
    assert values == labels
    assert absent == [label is None for label in labels]
    assert faults == {}


def test_rows_without_a_label_are_rejected_or_left_out(tmp_path):
    path = write(tmp_path / "a", b"1\t1\tx\n\t2\ty\n0\t3\tz\n-1\t4\tu\n2\t5\tv\n")
    rows, rejected = read_all(data(path))
    assert [row["n"] for row in rows] == [1, 3]
    missing, wrong = (
        "column 'label': the label is empty or -1 (see data.unlabelled and data.positive)",
        "column 'label': the label is not 0 or 1",
    )
    assert [row.reason for row in rejected] == [missing, missing, f"{wrong} (see data.positive)"]
    rows, rejected = read_all(data(path, unlabelled="skip"))
    assert [row["n"] for row in rows] == [1, 3]
    assert [row.row for row in rejected] == [b"2\t5\tv"]


def test_rows_without_a_label_are_left_out_of_parquet_without_being_looked_up(tmp_path):
    table = pa.table({"label": [1, None, 0, None], "n": [1.0, 2.0, 3.0, 4.0], "c": pa.array(list("xyzu"), pa.large_string())})
    pq.write_table(table, tmp_path / "a.parquet")
    rows, rejected = read_all(data(tmp_path / "a.parquet", format="parquet", unlabelled="skip"))
    assert ([row["n"] for row in rows], rejected) == ([1, 3], [])

"""The label of new data."""

import numpy as np
import pyarrow as pa
import pytest

from features.errors import DataError
from pipeline.tools.columns import Column
from pipeline.tools.label import find_label


def column(name, values):
    return Column(name, pa.array(values))


def find(columns, asked=None):
    return find_label("a.csv", [column(name, values) for name, values in columns.items()], asked)


BINARY = [0, 1] * 50


@pytest.mark.parametrize(
    ("columns", "asked", "label", "why"),
    [
        ({"a": BINARY, "Click": BINARY, "is_like": BINARY}, None, "Click", "guessed: values 0 and 1, and named like a label"),
        ({"a": BINARY, "is_like": BINARY}, None, "is_like", "guessed: the only column of values 0 and 1 that may be it"),
        ({"a": BINARY, "n": list(range(100))}, None, "a", "guessed: the only column of values 0 and 1 that may be it"),
        ({"a": BINARY, "click": BINARY}, "a", "a", "as asked"),
    ],
)
def test_the_label_and_why(columns, asked, label, why):
    found = find_label("a.csv", [column(name, values) for name, values in columns.items()], asked)
    assert (found.column.name, found.why, found.positive, found.unlabelled) == (label, why, (), 0)


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        ({"a": BINARY}, "b", "--label b: no such column; there are a"),
        ({"a": ["x", "y", "z"]}, "a", "--label a: values must be 0 and 1, or a few of which some mean 1; found x, y, z"),
        ({"a": BINARY, "b": BINARY}, None, r"several columns may be the label \(a, b\); name it with --label"),
        (
            {"a": ["no", "yes", "no"]},
            None,
            r"'a' may be the label, but holds no \(2 rows\), yes \(1 rows\); `--label a` drafts",
        ),
        (
            {"male": BINARY[:4], "label": [-1, 1, -1, -1]},
            None,
            r"'label' may .* holds -1 \(3 rows\), 1 .*data\.positive: \[1\]",
        ),
        ({"c": ["x", "y", "z"], "i": [" >50K", " <=50K", " <=50K"]}, None, r"'i' may be .*data\.positive: \[>50K\]"),
        ({"a": [0.5, 1.5]}, None, r"no column has the values 0 and 1; make such a label \(rating >= 4, say\) for --label"),
    ],
)
def test_no_label_says_what_to_do(columns, asked, message):
    with pytest.raises(DataError, match=rf"a\.csv: .*{message}"):
        find(columns, asked)


@pytest.mark.parametrize(
    ("values", "positive", "labels"),
    [
        (["no", "yes", " yes "], ("yes",), [0, 1, 1]),
        (["rare", "usual", "usual", ""], ("rare",), [1, 0, 0, None]),
        ([" 0", " 1"], ("1",), [0, 1]),
        ([-1, 1, 1], ("1",), [0, 1, 1]),
        ([1, 2, 3, 4, 5], ("4", "5"), [0, 0, 0, 1, 1]),
        ([0.5, 4.0, 5.0, None], ("4", "4.0", "5", "5.0"), [0, 1, 1, None]),  # as a Parquet file and as text
    ],
)
def test_values_of_an_asked_label_are_mapped_by_a_guess(values, positive, labels):
    found = find({"a": values}, "a")
    assert found.positive == positive
    assert [None if np.isnan(value) else int(value) for value in found.values] == labels


def test_rows_without_a_label_are_counted():
    assert find({"a": [0, 1, None, 1, None]}, "a").unlabelled == 2
    assert find({"label": [0, 1, -1, 1]}).unlabelled == 1
    assert find({"trend": [0, 1, -1], "b": [0, 1, 1]}).column.name == "b"


def test_an_asked_name_is_found_with_the_blanks_of_its_header():
    assert find({"a": BINARY, " income": BINARY}, "income").column.name == " income"

"""What ranking methods are told of a ranking model, by hand."""

import numpy as np
import pytest

from features.encoding import Encoding
from models.ranking_context import RankingContext

ENCODINGS = [
    Encoding("tags", 5, length=3, weighted=True),
    Encoding("price", 0, length=1),
    Encoding("user", 4, group="who"),
    Encoding("age", 6, group="who"),
]
WIDTHS = {"tags": 2, "price": 1, "user": 4, "age": 2}
UNITS = [["tags"], ["price"], ["user", "age"]]


@pytest.fixture
def context():
    return RankingContext.of(ENCODINGS, WIDTHS, UNITS, lambda gate: None, lambda *_: None, 1, [], 1)


def test_features_of_a_unit_are_one_candidate(context):
    assert context.names == ["tags", "price", "user + age"]
    assert context.owners == [0, 0, 2, 2, 2, 2, 2, 2, 1]  # tables by width, then floats


def test_slots_and_rows_are_known_by_candidate(context):
    assert context.slots["ids"].tolist() == [0, 0, 0, 2, 2]
    assert context.slots["weights"].tolist() == [0, 0, 0, 2, 2]
    assert context.slots["values"].tolist() == [1]
    assert [table.tolist() for table in context.tables] == [[0] * 5 + [2] * 6, [2] * 4]


def test_columns_are_summed_by_candidate(context):
    np.testing.assert_array_equal(context.totals(np.arange(9.0)), [1.0, 8.0, 27.0])
    np.testing.assert_array_equal(context.totals(np.ones([2, 9])), [[2, 1, 6]] * 2)

"""Where features lie, by hand."""

import pytest

from features.encoding import Encoding
from models.table_layout import TableLayout

ENCODINGS = [Encoding("a", 5), Encoding("v", 0, 2), Encoding("tags", 4, length=3), Encoding("b", 3)]


@pytest.fixture
def layout():
    return TableLayout(ENCODINGS, {"a": 2, "tags": 2, "b": 1})


def test_columns_stand_table_by_table_and_floats_last(layout):
    assert layout.owners == ["b", "a", "a", "tags", "tags", "v", "v"]


def test_features_of_one_width_share_a_table(layout):
    assert [(group.width, group.names, group.rows) for group in layout.groups] == [(1, ["b"], 3), (2, ["a", "tags"], 9)]
    assert layout.groups[1].feature_of_row.tolist() == [0] * 5 + [1] * 4


def test_slots_are_counted_over_the_embedded_features(layout):
    narrow, wide = layout.groups
    assert narrow.slots.tolist() == [4]
    assert wide.slots.tolist() == [0, 1, 2, 3]
    assert wide.feature_of_slot.tolist() == [0, 1, 1, 1]
    assert not narrow.takes_all_slots
    assert not wide.takes_all_slots


def test_ids_become_rows_below_the_features_before(layout):
    assert layout.groups[1].offsets.tolist() == [0, 5, 5, 5]
    assert layout.groups[1].offsets.dtype == "int32"


def test_only_several_ids_an_example_are_pooled(layout):
    assert [group.pooled for group in layout.groups] == [False, True]


def test_one_width_takes_all_slots_as_they_are():
    (group,) = TableLayout(ENCODINGS, {"a": 4, "tags": 4, "b": 4}).groups
    assert group.takes_all_slots
    assert group.slots.tolist() == [0, 1, 2, 3, 4]


def test_floats_alone_have_no_table():
    layout = TableLayout([Encoding("v", 0, 2)], {})
    assert layout.groups == []
    assert layout.owners == ["v", "v"]

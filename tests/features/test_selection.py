"""The document of a choice: its text to the byte."""

import pytest

from features.errors import DataError
from features.selection import Changes, Dropped, Kept, PathCost, Selection, Spending, Trial

KEPT = [
    Kept(feature="b", round=1, attention=0.75, width=4, rows=10, bytes=160),
    Kept(feature="a", round=2, attention=0.25, width=2, rows=0, bytes=0),
]


def selection(**changes) -> Selection:
    """A choice of two features of three."""
    fields = {"budget": {"features": 2}, "allocator": "full width", "kept": KEPT, "bytes": 160, "full_bytes": 400}
    fields |= {"tried": [Trial(allocator="full width")], "dropped": [Dropped(feature="c", reason="not chosen")]}
    return Selection(**fields | {"cost": Spending(unit="features", limit=2, spent=2, full=3)} | changes)


TEXT = """{
 "budget": {
  "features": 2
 },
 "allocator": "full width",
 "tried": [
  {
   "allocator": "full width"
  }
 ],
 "kept": [
  {
   "feature": "b",
   "round": 1,
   "attention": 0.75,
   "width": 4,
   "rows": 10,
   "bytes": 160
  },
  {
   "feature": "a",
   "round": 2,
   "attention": 0.25,
   "width": 2,
   "rows": 0,
   "bytes": 0
  }
 ],
 "dropped": [
  {
   "feature": "c",
   "reason": "not chosen"
  }
 ],
 "bytes": 160,
 "full_bytes": 400,
 "cost": {
  "unit": "features",
  "limit": 2.0,
  "spent": 2.0,
  "full": 3.0
 }
}
"""


def test_a_selection_is_the_same_bytes_when_it_is_written_again():
    assert selection().to_json() == TEXT
    assert Selection.from_json(TEXT, "selection.json") == selection()


def test_names_are_in_pick_order():
    assert selection().names() == ["b", "a"]


def test_what_was_tried_and_what_changed_is_kept():
    trial = Trial(allocator="common width 4", features=2, cost=12.5, validation_auc=0.7, validation_log_loss=0.6, trials=3)
    since = Changes(spec="clicks", stayed=["b"], added=["a"], removed={"c": "not chosen"}, widths={"b": (8, 4)})
    costs = [PathCost(features=["b"], cost=1.0, cumulative_cost=1.0)]
    whole = selection(tried=[trial], path_cost=costs, since=since)
    text = whole.to_json()
    assert '   "validation_log_loss": 0.6,\n   "trials": 3\n' in text
    assert '  "widths": {\n   "b": [\n    8,\n    4\n   ]\n  }\n' in text
    assert Selection.from_json(text, "selection.json") == whole


def test_a_field_that_is_unknown_or_missing_is_named():
    with pytest.raises(DataError, match=r"selection\.json: kept\.0\.slots: Extra inputs are not permitted"):
        Selection.from_json(TEXT.replace('"rows": 10', '"rows": 10, "slots": 1'), "selection.json")
    with pytest.raises(DataError, match=r"selection\.json: cost\.spent: Field required"):
        Selection.from_json(TEXT.replace('  "spent": 2.0,\n', ""), "selection.json")

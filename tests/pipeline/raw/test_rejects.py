import pyarrow as pa
import pytest

from features.errors import DataError
from features.manifest import RejectCounts
from pipeline.raw.rejects import REJECTED_SCHEMA, RejectedRow, Tally, bad_values, rejected_table

NO_NUMBER = RejectedRow(30, b"1,x", "no number")


def tally():
    counts = Tally()
    counts.add("a", 7, [NO_NUMBER, RejectedRow(50, b"1,y", "no number"), RejectedRow(60, b"1", "1 field")])
    return counts


def test_rows_are_counted_with_the_first_example_of_each_reason():
    counts = tally()
    assert (counts.rows, counts.bad) == (10, 3)
    assert counts.reasons == {"no number": 2, "1 field": 1}
    assert counts.examples == {"no number": ("a", 30), "1 field": ("a", 60)}
    other = Tally()
    other.add("b", 1, [NO_NUMBER])
    counts.merge(other)
    assert (counts.rows, counts.bad, counts.examples["no number"]) == (12, 4, ("a", 30))


def test_counts_become_a_document_and_back():
    counts = tally()
    document = counts.counts()
    assert Tally.of(RejectCounts.from_json(document.to_json(), "tally.json")) == counts


def test_more_than_the_allowed_share_is_an_error_with_the_most_frequent_reasons():
    counts = tally()
    counts.check(0.3)
    with pytest.raises(DataError, match=r"3 of 10 rows are malformed, more than data\.max_bad_ratio \(0\.29\)") as caught:
        counts.check(0.29)
    assert "2 rows: no number (such as at a, offset 30)" in str(caught.value)
    counts.add("a", 0, [RejectedRow(9, b"", f"reason {number}") for number in range(6)])
    with pytest.raises(DataError, match="and 3 other reasons"):
        counts.check(0.1)


@pytest.mark.parametrize("bad", [[], [0], [7], [3, 4], list(range(8))])
def test_bad_values_are_found_in_few_calls(bad):
    calls = []

    def check(stretch):
        calls.append(len(stretch))
        if set(stretch.to_pylist()) & set(bad):
            raise pa.ArrowInvalid("bad")

    assert [number for number, wrong in enumerate(bad_values(pa.array(range(8)), check)) if wrong] == bad
    assert len(calls) <= 1 + 6 * len(bad)


def test_rejected_rows_are_kept_as_they_were():
    assert rejected_table("a", []).schema == REJECTED_SCHEMA
    rows = rejected_table("a", [RejectedRow(3, b"\xff", "invalid UTF-8")]).to_pylist()
    assert rows == [{"file": "a", "offset": 3, "reason": "invalid UTF-8", "row": b"\xff"}]

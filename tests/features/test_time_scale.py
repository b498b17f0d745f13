"""Bounds of a split by time, and the values of its column on their scale."""

import numpy as np
import pyarrow as pa
import pytest

from features.time_scale import TimeScale


def before(bound, texts, **options):
    """Which values are before the bound; None for what is no time."""
    scale = TimeScale.of([bound], **options)
    keys = scale.keys(pa.array(texts))
    return [None if np.isnan(key) else bool(key < scale.key(bound)) for key in keys]


@pytest.mark.parametrize("bound", ["2024-01-04T12:00:00", "2024-01-04 12:00", "2024/1/4 12:00", "2024-01-04T14:00:00+02:00"])
def test_dates_are_compared_as_instants_in_whatever_form(bound):
    texts = ["2024-01-04 11:59:59", "2024-01-04T12:00:00", "04/Jan/2024:11:59", "1704369599", "1704369600000", "", "soon"]
    assert before(bound, texts) == [True, False, True, True, False, True, None]


def test_numbers_are_compared_as_numbers():
    assert before(10, ["9", "10", "11.5", "", "x"]) == [True, False, False, True, None]
    assert before("8", ["7", "8", "10"]) == [True, False, False]
    assert before(20240104, ["20240103", "20240104", "2024-01-05"]) == [True, False, None]


@pytest.mark.parametrize("bound", [1704369600, 1704369600000, "1704369600000000"])
def test_seconds_and_their_parts_are_one_scale(bound):
    texts = ["1704369599", "1704369600", "1704369599999", "1704369600000", "2024-01-04 11:59", "2024-01-04 12:00", "0"]
    assert before(bound, texts) == [True, False, True, False, True, False, True]


def test_the_bound_itself_is_equal_in_its_own_unit():
    for unit in (1, 10**3, 10**6):
        number = 1_704_369_601 * unit + (unit > 1)
        assert before(number, [str(number - 1), str(number)]) == [True, False]


def test_the_day_may_come_first():
    assert before("6/9/2016", ["5/9/2016", "13/9/2016"], day_first=True) == [True, False]
    assert before("6/9/2016", ["5/9/2016", "13/9/2016"]) == [True, None]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (["soon"], "'soon' is no time; write it as 2024-01-31"),
        (["2024-02-30"], "'2024-02-30' is no time"),
        ([7, "2024-01-04"], r"`validation_from` \(7\) and `test_from` \(2024-01-04\) are written in two ways"),
        ([1704369600, 1704369600000], "are written in two ways"),
    ],
)
def test_bounds_that_cannot_be_compared_are_refused(bounds, message):
    with pytest.raises(ValueError, match=message):
        TimeScale.of(bounds)

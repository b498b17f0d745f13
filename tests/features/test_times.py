"""Times in the forms in which logs write them, against the standard library's calendar."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest

from features.times import epoch_unit, in_unit, parse_numbers, parse_times, since_epoch

NOON = datetime(2024, 1, 4, 12, tzinfo=UTC)


def microseconds(moment):
    return round(moment.timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-04", datetime(2024, 1, 4, tzinfo=UTC)),
        ("2024-01-04T12:00:00", NOON),
        ("2024-01-04 12:00", NOON),
        (" 2024-01-04 12:00 ", NOON),
        ("2024-01-04 12:00:00.25", NOON + timedelta(milliseconds=250)),
        ("2024-01-04 12:00:00.123456789", NOON + timedelta(microseconds=123456)),
        ("2024-01-04T12:00:00Z", NOON),
        ("2024-01-04 12:00:00 UTC", NOON),
        ("2024-01-04T12:00:00+02:00", datetime(2024, 1, 4, 12, tzinfo=timezone(timedelta(hours=2)))),
        ("2024-01-04T12:00:00-0330", datetime(2024, 1, 4, 12, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        ("2024-1-4 9:30", datetime(2024, 1, 4, 9, 30, tzinfo=UTC)),
        ("2024/01/04", datetime(2024, 1, 4, tzinfo=UTC)),
        ("2024/1/4 12:00:00", NOON),
        ("2024.01.04", datetime(2024, 1, 4, tzinfo=UTC)),
        ("2024-01", datetime(2024, 1, 1, tzinfo=UTC)),
        ("20240104", datetime(2024, 1, 4, tzinfo=UTC)),
        ("20240104T120000Z", NOON),
        ("202401041200", NOON),
        ("20240104120000", NOON),
        ("6/9/2016 21:43", datetime(2016, 6, 9, 21, 43, tzinfo=UTC)),
        ("6/9/2016 9:43 PM", datetime(2016, 6, 9, 21, 43, tzinfo=UTC)),
        ("6/9/2016 12:05 am", datetime(2016, 6, 9, 0, 5, tzinfo=UTC)),
        ("12/31/2024, 10:15:30", datetime(2024, 12, 31, 10, 15, 30, tzinfo=UTC)),
        ("21/Oct/2014:10:00", datetime(2014, 10, 21, 10, tzinfo=UTC)),
        ("[21/Oct/2014:10:00:00 +0200]", datetime(2014, 10, 21, 8, tzinfo=UTC)),
        ("21-Oct-2014", datetime(2014, 10, 21, tzinfo=UTC)),
        ("Tue, 21 Oct 2014 10:00:00 GMT", datetime(2014, 10, 21, 10, tzinfo=UTC)),
        ("October 21, 2014", datetime(2014, 10, 21, tzinfo=UTC)),
        ("29/Feb/2024", datetime(2024, 2, 29, tzinfo=UTC)),
        ("1704369600", NOON),
        ("1704369600.5", NOON + timedelta(milliseconds=500)),
        ("1704369600000", NOON),
        ("1704369600000000", NOON),
        ("1704369600000000000", NOON),
        ("1.7043696e+09", NOON),
    ],
)
def test_a_form_of_time_is_read(text, moment):
    instants, known = parse_times(pa.array([text]))
    assert (instants.tolist(), known.tolist()) == ([microseconds(moment)], [True])


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "5", "-1", "0", "2024-13-01", "2024-02-30", "2023-02-29", "31/12/2024", "20241301", "6/9/16"),
        *("2024-01-04 25:00", "2024-01-04 10:60", "1/2/2024 13:45 PM", "21/Okt/2014", "2024-01-04 noon", "1e400", "nan"),
    ],
)
def test_what_is_no_time_is_told(text):
    instants, known = parse_times(pa.array([text, "2024-01-04"]))
    assert known.tolist() == [False, True]
    assert instants[0] == 0


def test_a_text_is_read_alike_whatever_stands_beside_it():
    texts = ["2024-01-04", "2024-01-04T12:00:00Z", "1704369600", "6/9/2016", "21/Oct/2014:10:00", "soon", "2024-01-04"]
    instants, known = parse_times(pa.array(texts))
    alone = [parse_times(pa.array([text])) for text in texts]
    assert instants.tolist() == [one[0][0] for one in alone]
    assert known.tolist() == [one[1][0] for one in alone]


def test_the_day_may_stand_before_the_month():
    instants, known = parse_times(pa.array(["6/9/2016", "31/12/2024", "12/31/2024"]), day_first=True)
    assert known.tolist() == [True, True, False]
    assert instants[0] == microseconds(datetime(2016, 9, 6, tzinfo=UTC))


def test_days_of_all_months_are_those_of_the_calendar():
    days = [datetime(2023, 12, 1, tzinfo=UTC) + timedelta(days=number) for number in range(430)]
    instants, known = parse_times(pa.array([f"{day:%d/%b/%Y}" for day in days]))
    assert known.all()
    assert instants.tolist() == [microseconds(day) for day in days]


def test_numbers_are_read_and_others_are_nan():
    np.testing.assert_array_equal(parse_numbers(pa.array(["1", " 2.5", "-3e2", "x", ""])), [1, 2.5, -300, np.nan, np.nan])
    assert parse_numbers(pa.array(["7", "8"])).tolist() == [7, 8]


def test_units_of_numbers_since_1970_do_not_overlap():
    assert [epoch_unit(1.7e9 * unit) for unit in (1, 10**3, 10**6, 10**9)] == [1, 10**3, 10**6, 10**9]
    assert [epoch_unit(number) for number in (7, 20240104, 1e11, 5e12, -1.7e9)] == [None] * 5
    seconds, known = since_epoch(np.array([1.7e9, 1.7e12, 5.0]))
    assert (seconds.tolist(), known.tolist()) == ([1.7e9, 1.7e9, 0.0], [True, True, False])
    assert in_unit(np.array([1.7e9, 1.7e12]), 1000).tolist() == [False, True]

"""Columns of times."""

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from features.config.data import SplitConfig
from pipeline.tools.time_column import read_times

MINUTES = range(100)


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        ([f"6/9/2016 21:{n % 60:02d}" if n < 60 else f"6/9/2016 22:{n - 60:02d}" for n in MINUTES], "2016-06-09T22:30:00"),
        ([f"2017-11-07 9:{n:02d}" if n < 60 else f"2017-11-07 10:{n - 60:02d}" for n in MINUTES], "2017-11-07T10:30:00"),
        ([f"21/Oct/2014:10:{n // 60:02d}:{n % 60:02d} +0000" for n in MINUTES], "2014-10-21T10:01:30"),
        ([f"2024-01-31T10:{n // 60:02d}:{n % 60:02d}+01:00" for n in MINUTES], "2024-01-31T09:01:30"),
        ([f"{1 + n // 4}/6/2016" for n in MINUTES], "2016-06-23"),  # days before months: there is no month 25
        ([date(2024, 1, 1 + n // 4) for n in MINUTES], "2024-01-23"),
        ([datetime(2024, 1, 1, 0, n // 60, n % 60, 500_000) for n in MINUTES], "2024-01-01T00:01:31"),
        ([1_650_000_000 + n for n in MINUTES], "1650000090"),
        ([1_650_000_000_000 + n for n in MINUTES], "1650000000090"),
        ([20_240_101 + n // 4 for n in MINUTES], "20240123"),
    ],
)
def test_known_forms_of_time_and_a_bound_that_a_split_takes(values, bound):
    times = read_times(pa.array(values), named=True)
    written = times.written(times.bound(0.9))
    assert written == bound
    split = SplitConfig(by="time", column="t", test_from=float(written) if times.numeric else written)
    later = split.time_scale.key(written) <= times.keys
    assert 8 <= later.sum() <= 12


@pytest.mark.parametrize(
    "values",
    [["a", "2024-01-01"], ["", None], [True, False], [5, 1_650_000_000], ["12:30", "1:15"], ["3.14", "2.71"], [0.5, 1.5]],
)
def test_what_is_no_time(values):
    assert read_times(pa.array(values), named=True) is None


def test_numbers_without_a_name_of_time_must_be_many_of_a_few_years():
    seconds = pa.array(range(1_650_000_000, 1_650_100_000, 1000))
    assert read_times(seconds, named=False) is not None
    assert read_times(pa.array(range(700_000_000, 4_000_000_000, 10_000_000)), named=False) is None
    assert read_times(seconds[:5], named=False) is None


def test_one_time_alone_bounds_nothing():
    assert read_times(pa.array(["2024-01-01"] * 9), named=False).bound(0.9) is None
    times = read_times(pa.array(["2024-01-01"] + ["2024-01-02"] * 99), named=False)
    assert times.written(times.bound(0.001)) == "2024-01-02"  # rows before it are left to train on
    assert np.isfinite(times.keys).all()

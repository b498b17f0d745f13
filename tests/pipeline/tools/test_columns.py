"""What a column of new data is taken for."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from pipeline.tools.columns import COUNTS, IDS, Column, Guess, guess, listed

ROWS = 400
RNG = np.random.default_rng(3)
CODES = RNG.integers(100, 140, ROWS)
MANY = np.floor(RNG.lognormal(3, 1.5, ROWS)).astype(int)
CONSTANT = "constant: one value in every row"
LEAK = "possible leak: looks like an outcome, known only after the label's moment"
TIME = "time: later rows have values never seen before; better to split by"
ROW_ID = "nearly one value a row: an id of the row, or free text"


def column(name: str, values) -> Column:
    return Column(name, values if isinstance(values, pa.Array) else pa.array(values))


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("city", [f"c{value}" for value in CODES], "categorical"),
        ("weekday", CODES % 7, "categorical"),
        ("shop_id", MANY, "categorical"),
        ("visits", MANY, "numeric"),  # small values and a long tail
        ("price", RNG.integers(500, 600, ROWS), "numeric"),  # by its name
        ("seen", CODES % 2, "categorical"),
        ("ratio", RNG.normal(size=ROWS), "numeric"),
        ("genres", [f"g{n % 5}|g{n % 7}" for n in range(ROWS)], "multivalued"),
        ("tags", [[1, 2], [3], []] * 100, "multivalued"),
        ("vector", [[0.5, float(n)] for n in range(ROWS)], "dense"),
    ],
)
def test_kinds(name, values, kind):
    assert guess(column(name, values)).kind == kind


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a", [7] * ROWS, CONSTANT),
        ("a", pa.nulls(ROWS, pa.string()), CONSTANT),
        ("is_like", CODES % 2, LEAK),
        ("userRating", CODES, LEAK),
        ("when", [date(2024, 1, 1 + n % 9) for n in range(ROWS)], TIME),
        ("day", ["2024-01-01", "2024-01-02T10:00"] * 200, TIME),
        ("event_time", 1_650_000_000 + RNG.integers(0, 10**6, ROWS), TIME),
        ("yyyymmdd_dt", 20_240_101 + RNG.integers(0, 9, ROWS), TIME),
        ("comment", [f"text {n}" for n in range(ROWS)], ROW_ID),
        ("n", np.arange(ROWS), ROW_ID),
        ("pairs", [{"a": n} for n in range(ROWS)], "values of type struct<a: int64> are not supported"),
        (
            "vector",
            [[float(n)] * (1 + n % 3) for n in range(ROWS)],
            "lists of floats of differing lengths: a dense feature has one width",
        ),
        ("nested", [[[n]] for n in range(ROWS)], "list<item: list<item: int64>> is not supported"),
    ],
)
def test_what_is_left_out_says_why(name, values, reason):
    assert guess(column(name, values)) == Guess(None, reason)


def test_options_and_facts_go_into_the_draft():
    assert guess(column("g", ["a;b", "b;c", "a;c", "c;b", "b;a"] * 100)).options == (("separator", ";"),)
    assert guess(column("v", [[0.5, float(n), 1.0] for n in range(ROWS)])).options == (("max_length", 3),)
    assert guess(column("price", [0.5, 1000.25, 2.0] * 100)).fact == "3 values, 0.5 to 1000"
    assert guess(column("count", list(range(0, 12_000, 30)))).fact == "400 values, 0 to 11,970"


def test_words_of_a_name_are_told_apart_by_case_and_marks():
    assert column("viewCount", [1]).named(COUNTS)
    assert column("view_count", [1]).named(COUNTS)
    assert not column("country", [1]).named(COUNTS)
    assert column("userID", [1]).named(IDS)


def test_texts_are_lists_only_where_splitting_leaves_fewer_values():
    assert column("t", ["a|b", "b|a", "a|c", "c"]).separator == "|"
    assert column("t", ["one, two", "three", "four", "five", "six", "seven"]).separator is None
    assert column("t", ["[1,2]", "[2,1]"]).separator is None


def test_long_lists_of_names_are_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(n) for n in range(5)], most=3) == "0, 1, 2 and 2 more"


def test_the_label_decides_what_unnamed_integers_are():
    rng = np.random.default_rng(5)
    values = rng.integers(0, 300, 20_000)
    by_code = (rng.random(20_000) < rng.random(300)[values]).astype(float)
    by_size = (rng.random(20_000) < values / 300).astype(float)
    codes, number = guess(column("x", values * 7), by_code), guess(column("x", values * 7), by_size)
    assert (codes.kind, number.kind) == ("categorical", "categorical")
    assert codes.doubt.startswith(
        "taken for codes; if a number, numeric: 300 values, 0 to 2,093, median 1046, AUC 0.820 as codes"
    )
    long_tail = np.minimum(np.floor(rng.lognormal(4, 1.2, 20_000)), 2000).astype(int)
    label = (rng.random(20_000) < np.random.default_rng(6).random(2001)[long_tail]).astype(float)
    assert guess(column("x", long_tail)).kind == "numeric"  # by its values alone
    assert guess(column("x", long_tail), label).kind == "categorical"
    assert guess(column("device", long_tail), label) == Guess("categorical")  # by its name: no doubt


def test_nearly_unique_integers_are_amounts():
    values = np.random.default_rng(7).integers(12_285, 1_500_000, ROWS)
    label = np.tile([0.0, 0, 1, 1], ROWS // 4)
    assert guess(column("fnlwgt", values), label).kind == "numeric"
    assert guess(column("fnlwgt", values), label).doubt.startswith("taken for a number; if codes, categorical:")


def test_leaks_are_left_out_with_their_figure():
    label = np.tile([0.0, 0, 1, 1], ROWS // 4)
    told = guess(column("state", [f"s{int(value)}" for value in label]), label)
    assert told == Guess(None, "possible leak: alone it tells the label of the sample with AUC 1.0000")
    when = guess(column("paid_at", [f"2024-01-{1 + n % 9:02d}" if value else None for n, value in enumerate(label)]), label)
    assert when == Guess(
        None, "possible leak: filled in 200 rows of the sample, of which 100.0% have the label 1 (0.0% of the others)"
    )

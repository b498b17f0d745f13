"""Patterns: names, globs, ranges, and columns whose names look like patterns."""

import pytest

from features.config.pattern import expand_pattern, is_glob


@pytest.mark.parametrize(
    ("pattern", "names", "expected"),
    [
        ("I1..I3", [], ["I1", "I2", "I3"]),
        ("x9..x11", [], ["x9", "x10", "x11"]),
        ("I3..I1", [], ["I3..I1"]),
        ("I1..I9999999999", [], ["I1..I9999999999"]),
        ("I1..J3", [], ["I1..J3"]),
        ("a*", ["ab", "b", "ac"], ["ab", "ac"]),
        ("a?", ["ab", "abc"], ["ab"]),
        ("[bc]", ["a", "b", "c"], ["b", "c"]),
        ("z*", ["a"], []),
        ("name", [], ["name"]),
        # A pattern that equals a name means that name.
        ("Q1..Q3", ["Q1", "Q2", "Q3", "Q1..Q3"], ["Q1..Q3"]),
        ("[0]", ["0", "[0]"], ["[0]"]),
        ("*", ["a", "*"], ["*"]),
        # A glob can still be written for such names.
        ("[[]0]", ["0", "[0]"], ["[0]"]),
    ],
)
def test_names_of_a_pattern(pattern, names, expected):
    assert expand_pattern(pattern, names) == expected


def test_a_name_with_the_signs_of_a_glob_is_none():
    assert [is_glob("C*", ["C1"]), is_glob("C*", ["C*"]), is_glob("C1", [])] == [True, False, False]

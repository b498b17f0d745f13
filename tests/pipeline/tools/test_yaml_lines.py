"""Lists of a drafted config."""

from pipeline.tools.yaml_lines import ranges, scalar, wrapped


def test_ranges_need_three_in_a_row():
    assert ranges(["a", "I1", "I2", "I3", "x1", "x2", "y07", "y08", "y09", "z1", "z3", "z4"]) == [
        *("a", "I1..I3", "x1", "x2", "y07", "y08", "y09", "z1", "z3", "z4")
    ]
    assert [scalar(value) for value in ("on", "12", "a b", "-", 3)] == ['"on"', '"12"', "a b", '"-"', "3"]


def test_lines_are_broken_between_items():
    assert list(wrapped("  [", ["aaaa", "bbbb", "cc"], "]", width=12)) == ["  [aaaa,", "   bbbb, cc]"]
    assert list(wrapped("  [", [], "]")) == []

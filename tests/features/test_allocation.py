"""Allocators by hand: what fits, in order, and what is said when nothing does."""

from dataclasses import replace

import pytest

from features.allocation import Allocation, Problem, allocations, common_width, frontier, heads_of_path, mixed_dimension
from features.cost import CostModel, byte_model, count_model
from features.encoding import Encoding
from features.errors import ConfigError

ENCODINGS = [Encoding("a", 100), Encoding("b", 1000), Encoding("c", 10), Encoding("f", 0, 2)]


def problem(cells: float, order=("a", "b", "c", "f"), must=(), steps=(), cost: CostModel | None = None, units=None) -> Problem:
    return Problem(
        units or [[name] for name in order],
        {"a": 16, "b": 16, "c": 4, "f": 2},
        {encoding.name: encoding.rows for encoding in ENCODINGS},
        [1, 2, 4, 8, 16],
        cost or byte_model(ENCODINGS),
        4 * cells,
        frozenset(must),
        list(steps),
    )


def test_common_width_skips_what_no_longer_fits():
    assert common_width(problem(300), 2) == {"a": 2, "c": 2, "f": 2}
    assert common_width(problem(2220), 2) == {"a": 2, "b": 2, "c": 2, "f": 2}
    assert common_width(problem(10_000), 16)["c"] == 4  # its cap


def test_a_long_table_may_be_passed_over():
    assert common_width(problem(1005, order=("b", "a", "c")), 1) == {"b": 1}
    assert common_width(problem(1005, order=("b", "a", "c")), 1, most=0.5) == {"a": 1, "c": 1}
    assert common_width(problem(1005, order=("b", "a", "c"), must=["b"]), 1, most=0.5) == {"b": 1}


def test_mixed_dimension_is_wider_where_tables_are_shorter():
    widths = mixed_dimension(problem(2000), ["a", "b", "c"])
    assert widths == {"a": 4, "b": 1, "c": 4}  # widths ~ 1 : 0.32 : 3.2, rounded down to powers of two; 1440 cells
    assert mixed_dimension(problem(500), ["a", "b", "c"]) == {}


def test_frontier_takes_a_step_only_upon_the_one_below():
    steps = [(0, 1), (0, 2), (1, 1), (2, 1), (0, 4), (2, 2)]
    assert frontier(problem(215, steps=steps)) == {"a": 2, "c": 1}
    assert frontier(problem(230, steps=steps)) == {"a": 2, "c": 2}
    assert frontier(problem(5000, steps=steps)) == {"a": 4, "b": 1, "c": 2}


def test_all_allocators_keep_the_budget_and_what_must_be_kept():
    steps = [(2, 1), (0, 1), (1, 1), (2, 2)]
    for cells in (1000, 1200, 3000, 20_000):
        asked = problem(cells, order=("b", "a", "c", "f"), must=["b"], steps=steps)
        by_name = allocations(asked, "auto")
        assert len({tuple(sorted(allocation.widths.items())) for allocation in by_name.values()}) == len(by_name)
        for allocation in by_name.values():
            assert asked.fits(allocation.widths)
            assert "b" in allocation.widths
    assert all(name.startswith("mixed dimension") for name in allocations(problem(3000), "mixed_dimension"))
    assert list(allocations(problem(3000, steps=steps), "frontier")) == ["frontier"]
    assert "common width 1" in allocations(problem(3000), "frontier")  # where nothing was searched


def test_counts_take_the_path_in_order_and_groups_whole():
    asked = problem(0.75, cost=count_model(ENCODINGS), units=[["a"], ["b", "c", "f"]])
    assert asked.limit == 3
    assert allocations(asked, "auto") == {"full width": Allocation({"a": 16})}
    asked = problem(0.75, cost=count_model(ENCODINGS), units=[["b", "c", "f"], ["a"]])
    assert allocations(asked, "auto") == {"full width": Allocation({"b": 16, "c": 4, "f": 2})}


def test_a_shared_source_makes_its_second_feature_cheap():
    names = ("a", "b", "c", "f")
    cost = CostModel("cost", dict.fromkeys(names, 1.0), dict.fromkeys(names, 0.0), {"a": "view", "c": "view"}, {"view": 10.0})
    assert list(common_width(problem(13 / 4, cost=cost), 16)) == ["a", "b", "c"]
    assert list(common_width(problem(11 / 4, cost=cost), 16)) == ["a"]
    assert list(common_width(problem(5 / 4, cost=cost), 16)) == ["b", "f"]


def test_nothing_fits_names_the_cheapest():
    order = ("a", "b", "c")
    with pytest.raises(ConfigError, match=r"selection.budget: 20 bytes: nothing fits; the cheapest, c, takes 40 bytes"):
        allocations(problem(5, order=order), "auto")
    with pytest.raises(ConfigError, match=r"cannot hold all of selection.keep, which takes 4,400 bytes at its narrowest"):
        allocations(problem(500, order=order, must=["a", "b"]), "auto")


def cuttable(cells: float, **more) -> Problem:
    """Tables a (100 rows) and b (1000) can be cut, c (10) cannot."""

    def priced(rows):
        return byte_model([replace(encoding, rows=rows.get(encoding.name, encoding.rows)) for encoding in ENCODINGS])

    return replace(problem(cells, **more), cuttable=frozenset("ab"), priced=priced)


def test_tables_are_cut_to_the_most_rows_that_fit():
    widths = {"a": 1, "b": 1, "c": 1}
    assert cuttable(300).cut(widths) == Allocation(widths, {"b": 190})  # 100 + 190 + 10
    assert cuttable(150).cut(widths) == Allocation(widths, {"a": 70, "b": 70})  # 70 + 70 + 10
    assert cuttable(151).cut(widths) == Allocation(widths, {"a": 70, "b": 70})
    assert cuttable(40).cut(widths) is None  # 15 rows a table would say nothing
    assert problem(300).cut(widths) is None
    assert cuttable(300).total(Allocation(widths, {"b": 190})) == 1200
    assert cuttable(300).total(Allocation(widths)) == 4 * 1110


def test_heads_of_the_path_are_as_wide_as_fits_and_then_cut():
    by_name = heads_of_path(cuttable(420, order=("c", "b", "a"), units=[["c"], ["b"], ["a"]]))
    assert by_name["first 3 at width 1, cut to 310 rows"] == Allocation({"c": 1, "b": 1, "a": 1}, {"b": 310})
    assert by_name["first 2 at width 1, cut to 410 rows"] == Allocation({"c": 1, "b": 1}, {"b": 410})
    assert by_name["first 2 without b at width 2"] == Allocation({"c": 2, "a": 2})  # 220
    assert by_name["first 2 without b at width 4, cut to 95 rows"] == Allocation({"c": 4, "a": 4}, {"a": 95})
    assert not any(
        name.startswith("first 1 without c") for name in heads_of_path(cuttable(420, order=("c", "b", "a"), must=["c"]))
    )


def test_an_allocator_may_be_asked_to_cut():
    by_name = allocations(cuttable(150, order=("a", "b", "c")), "cut")
    assert by_name
    assert all(name.startswith("first ") for name in by_name)
    assert all(cuttable(150).total(allocation_of_name) <= 600 for allocation_of_name in by_name.values())
    assert any(allocation_of_name.rows for allocation_of_name in by_name.values())

"""What a search chooses from: units, reasons, and the columns of the gate."""

import pytest

from features.encoding import Encoding
from features.errors import ConfigError
from features.statistics import Statistics
from pipeline.selection.candidates import Candidates
from tests.pipeline.selection.folders import transformed_of

ENCODINGS = [Encoding("a", 10), Encoding("b", 5, group="a"), Encoding("v", 0, length=3), Encoding("c", 7, group="a")]


def candidates(*keep: str) -> Candidates:
    return Candidates(ENCODINGS, {}, keep, {"a": 4, "b": 2, "v": 3, "c": 4})


def test_a_group_is_one_unit_even_where_it_has_the_name_of_a_feature():
    found = candidates("c")
    assert found.units == [["a"], ["b", "c"], ["v"]]
    assert found.unit_of == {"a": 0, "b": 1, "c": 1, "v": 2}
    assert found.kept_units == [1]
    assert found.allowed([1, 2, 4, 8]) == [1, 2, 4]


def test_chunks_of_the_gate_end_at_the_widths():
    gate = candidates().gate([1, 2, 4])
    columns = list(zip(gate.candidates, gate.chunks, strict=True))
    assert [chunk for unit, chunk in columns if unit == 0] == [0, 1, 2, 2]
    assert [chunk for unit, chunk in columns if unit == 1] == [0, 1, 0, 1, 2, 2]  # the table of width 2 comes first
    assert [chunk for unit, chunk in columns if unit == 2] == [0, 0, 0]  # a vector has no width to choose
    assert candidates().gate().depth.tolist() == [1, 1, 1]


@pytest.fixture
def transformed(tmp_path):
    """Three features: one fit, one constant, one whose ids hardly ever come twice."""
    statistics = [
        Statistics(name="fit", count=2000, distinct=5, categorical=True),
        Statistics(name="still", count=2000, distinct=1, categorical=True),
        Statistics(name="row_id", count=2000, distinct=1999, categorical=True),
    ]
    return transformed_of(tmp_path, [Encoding("fit", 8), Encoding("still", 4), Encoding("row_id", 2002)], statistics)


def test_what_takes_no_part_has_a_reason(config_of, transformed):
    found = Candidates.of(config_of(), transformed)
    assert found.names == ["fit"]
    assert found.reasons == {"still": "constant", "row_id": "near-unique: 1,999 values in 2,000 rows"}
    assert found.widths == {"fit": 16}


def test_what_cannot_be_chosen_cannot_be_kept(config_of, transformed):
    with pytest.raises(ConfigError, match=r"selection\.keep: 'still' cannot be kept: constant"):
        Candidates.of(config_of(keep=["still"]), transformed)
    with pytest.raises(ConfigError, match="every feature is excluded or constant; nothing to choose from"):
        Candidates.of(config_of(exclude=["fit"]), transformed)

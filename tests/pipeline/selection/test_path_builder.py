"""The one constructor of a search's path."""

import pytest

from features.encoding import Encoding
from features.path import Estimate, Round
from pipeline.selection.candidates import Candidates
from pipeline.selection.path_builder import PathBuilder


@pytest.fixture
def builder():
    """Of a feature with a table of 10 rows, a group of two, and a float feature that is kept."""
    encodings = [Encoding("a", 10), Encoding("b", 5, group="g"), Encoding("v", 0, length=3), Encoding("c", 7, group="g")]
    candidates = Candidates(encodings, {"still": "constant"}, ["v"], {"a": 4, "b": 2, "v": 3, "c": 4})
    return PathBuilder("sequential_attention", 1, candidates)


def test_picks_add_up_and_an_estimate_stands_at_the_last_of_a_unit(builder):
    builder.add_kept()
    builder.add_unit(1, 1, 0.123456789, 2.0, Estimate(auc=0.6, log_loss=0.7))
    builder.add_unit(0, 2, 0.5, 1.23456789)
    path = builder.path()
    assert [pick.feature for pick in path.picks] == ["v", "b", "c", "a"]
    assert [pick.round for pick in path.picks] == [0, 1, 1, 2]
    assert [pick.bytes for pick in path.picks] == [0, 5 * 2 * 4, 7 * 4 * 4, 10 * 4 * 4]
    assert [pick.cumulative_bytes for pick in path.picks] == [0, 40, 152, 312]
    assert [pick.attention for pick in path.picks] == [1.0, 0.123457, 0.123457, 0.5]
    assert [pick.score for pick in path.picks] == [None, 2.0, 2.0, 1.23457]
    assert [pick.estimate and pick.estimate.auc for pick in path.picks] == [None, None, 0.6, None]
    assert path.units == [["a"], ["b", "c"], ["v"]]
    assert path.not_candidates == {"still": "constant"}
    assert (path.schedule, path.stability, path.rounds) == (None, None, [])


def test_it_goes_on_from_what_a_checkpoint_kept(builder):
    builder.add_kept()
    builder.rounds.append(Round(round=1, loss=0.5, attention=[0.25, 0.25, 0.25, 0.25]))
    again = PathBuilder(builder.method, builder.seed, builder.candidates)
    again.restore(builder.to_json())
    assert (again.picks, again.rounds) == (builder.picks, builder.rounds)

"""A config that searches nothing keeps every feature at full width."""

from features.encoding import Encoding
from features.selection import Dropped
from features.statistics import Statistics
from pipeline.selection.candidates import Candidates
from pipeline.selection.keep_all import keep_all, whole_path
from tests.pipeline.selection.folders import transformed_of


def test_all_candidates_are_kept_from_the_start(config_of, tmp_path):
    encodings = [Encoding("a", 10), Encoding("still", 4), Encoding("b", 5)]
    statistics = [Statistics(name=name, count=9, distinct=distinct) for name, distinct in (("a", 7), ("still", 1), ("b", 2))]
    transformed = transformed_of(tmp_path, encodings, statistics)
    path = whole_path(Candidates.of(config_of(), transformed), seed=3)
    assert (path.method, path.seed, path.schedule, path.rounds) == ("none", 3, None, [])
    assert [(pick.feature, pick.round, pick.attention) for pick in path.picks] == [("a", 0, 1.0), ("b", 0, 1.0)]
    assert [pick.cumulative_bytes for pick in path.picks] == [640, 960]

    selection = keep_all(config_of(), transformed, path)
    assert selection.names() == ["a", "b"]
    assert [(kept.width, kept.rows, kept.bytes) for kept in selection.kept] == [(16, 10, 640), (16, 5, 320)]
    assert selection.dropped == [Dropped(feature="still", reason="constant")]
    assert (selection.bytes, selection.full_bytes, selection.cost.spent) == (960, 960, 960)
    assert selection.budget == {"all": True}

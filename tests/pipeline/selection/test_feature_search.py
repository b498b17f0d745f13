"""Sequential Attention over whole features: one gate, or several that agree on an order."""

import numpy as np
import pytest

from pipeline.selection.feature_search import FeatureSearch

INFORMATIVE = {"good", "fine"}


@pytest.mark.parametrize("gates", [1, 2])
def test_what_tells_of_the_label_is_picked_first(small_run, gates):
    run = small_run(gate_count=gates, keep=["number"], epochs=3)
    search = FeatureSearch(run)
    path = search.path()
    names = [pick.feature for pick in path.picks]
    assert names[0] == "number"
    assert set(names[1:3]) == INFORMATIVE
    assert set(names[3:]) == {"code", "noise"}
    assert [pick.round for pick in path.picks] == [0, 1, 2, 3, 3]
    assert [pick.estimate is not None for pick in path.picks] == [False, True, True, False, True]
    assert path.picks[2].estimate.auc > 0.7
    assert [entry.round for entry in path.rounds] == [1, 2, 3]
    assert path.not_candidates == {"still": "constant"}
    for entry in path.rounds:
        share = dict(zip(path.candidates, entry.attention, strict=True))
        assert share["code"] == share["noise"]
        assert share["number"] == 0  # it is picked, and no longer attended to
    if gates == 1:
        assert path.stability is None
    else:
        assert -1 <= path.stability.members_spearman <= 1
        assert set(path.stability.mean_rank) == {"good", "fine", "code + noise"}


def test_it_goes_on_from_what_a_checkpoint_kept(small_run):
    search = FeatureSearch(small_run(gate_count=2))
    search.builder.add_kept()
    search._note_orders([[2], [0]])
    search._end_round(1, np.array([[0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.2, 0.3]], np.float32), 0.5)
    again = FeatureSearch(small_run(gate_count=2))
    again.restore(search.to_json())
    assert again.orders == [[2], [0]]
    assert again.builder.rounds == search.builder.rounds
    # The mean of both gates; `code` and `noise` are one unit.
    by_name = dict(zip(again.builder.candidates.names, again.builder.rounds[0].attention, strict=True))
    assert by_name == pytest.approx({"good": 0.2, "fine": 0.2, "code": 0.25, "noise": 0.25, "number": 0.35})

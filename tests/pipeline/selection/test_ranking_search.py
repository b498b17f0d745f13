"""The path of a method that ranks all candidates at once."""

import numpy as np
import pytest

from pipeline.selection.ranking_search import ranked_path


def test_a_shuffle_is_a_path_in_the_order_of_its_scores(small_run):
    path = ranked_path(small_run(method="random", seed=5, keep=["fine"]))
    scores = dict(zip(["good", "fine", "codes", "number"], np.random.default_rng(5).random(4), strict=True))
    assert (path.method, path.seed, path.schedule, path.rounds) == ("random", 5, None, [])
    assert path.picks[0].feature == "fine"
    assert (path.picks[0].round, path.picks[0].score) == (0, None)
    order = sorted(("good", "codes", "number"), key=lambda name: -scores[name])
    names = [name for unit in order for name in (["code", "noise"] if unit == "codes" else [unit])]
    assert [pick.feature for pick in path.picks[1:]] == names
    for pick in path.picks[1:]:
        score = scores["codes" if pick.feature in ("code", "noise") else pick.feature]
        assert pick.score == pytest.approx(score, rel=1e-5)
        assert pick.attention == pytest.approx(score / sum(scores.values()), rel=1e-5)
    rounds = [pick.round for pick in path.picks]
    assert rounds == sorted(rounds)

"""Maps of attention."""

import numpy as np

from features.path import SearchPath
from pipeline.report.attention_map import attention_map, map_of_path
from tests.pipeline.report.small_run import ODD, search_path


def test_attention_map_of_many_candidates_stays_small():
    shares = np.triu(np.random.default_rng(1).lognormal(0, 0.1, (300, 300))).T
    shares = np.where(shares == 0, np.nan, shares)
    names = [f"one_and_the_same_source_{number}" for number in range(300)]
    drawn = attention_map(names, shares, {column: [column] for column in range(300)}, frozenset(names[:9]))
    assert drawn.cells.count("<rect") == 300
    assert drawn.names.count('class="kept"') == 9
    assert "one_and_th…ource_299" in drawn.names
    assert 0.7 < drawn.low < 0.85 < 1.2 < drawn.high < 1.3
    assert len(drawn.cells) + len(drawn.names) < 250_000


def test_candidates_are_in_the_order_of_their_picks():
    drawn = map_of_path(SearchPath.model_validate(search_path()), frozenset(["user"]))
    assert ["user" in line for line in drawn.names.split("<text")[1:]] == [False, True, False]
    assert drawn.names.count('class="kept"') == 1
    assert [f"round {round}: " in drawn.cells for round in (1, 2, 3, 4)] == [True, True, True, False]
    assert "round 2: user, 1.20 times an equal share" in drawn.cells
    assert ODD not in drawn.names + drawn.cells  # escaped

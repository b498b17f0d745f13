"""The path as rows."""

from features.path import SearchPath
from pipeline.report.path_rows import path_rows
from tests.pipeline.report.small_run import search_path


def test_gains_and_equal_shares():
    rows = path_rows(SearchPath.model_validate(search_path()))
    # Candidates with attention in rounds 1, 2 and 3: three, two, one.
    assert [row.equal_shares for row in rows] == [1.5, 1.2, 1.0]
    assert [row.gain for row in rows] == [0.15, 0.06, -0.002]
    assert [row.features for row in rows] == [1, 2, 3]


def test_a_round_that_picks_several_has_one_estimate():
    document = search_path()
    document["picks"][1] |= {"round": 1, "estimate": {"auc": 0.7, "log_loss": 0.6}}
    document["picks"][0]["estimate"] = None
    rows = path_rows(SearchPath.model_validate(document))
    assert [(row.estimated_auc, row.gain) for row in rows] == [(None, None), (0.7, 0.2), (0.708, 0.008)]


def test_kept_features_have_no_round_and_no_share():
    document = search_path()
    document["picks"][0] |= {"round": 0, "attention": 1.0, "estimate": None}
    del document["picks"][0]["score"]
    first = path_rows(SearchPath.model_validate(document))[0]
    assert (first.equal_shares, first.score, first.estimated_auc) == (None, None, None)


def test_a_feature_picked_twice_counts_once():
    document = search_path()
    document["picks"][2]["feature"] = "user"
    assert [row.features for row in path_rows(SearchPath.model_validate(document))] == [1, 2, 2]

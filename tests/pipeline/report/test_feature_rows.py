"""The features as rows."""

from tests.pipeline.report.small_run import ODD, documents, figures, preprocessed


def test_rows_of_a_whole_run(tmp_path):
    rows = {row.feature: row for row in figures(tmp_path, documents()).features}
    assert list(rows) == [ODD, "user", "hour", "still"]  # kept, then picked, then the rest
    assert rows[ODD].model_dump() == {
        "feature": ODD,
        "kind": "categorical",
        "distinct": 12,
        "missing": 4,
        "missing_share": 0.05,
        "table_rows": 50,
        "kept_rows": 50,
        "order": 1,
        "round": 1,
        "attention": 0.5,
        "equal_shares": 1.5,
        "score": 0.2,
        "gain": 0.15,
        "full_width": 4,
        "width": 2,
        "full_bytes": 800,
        "bytes": 400,
        "decision": "kept",
        "reason": "picked in round 1",
    }
    assert (rows["hour"].decision, rows["hour"].reason, rows["hour"].width) == ("dropped", "not chosen", 0)
    assert (rows["still"].order, rows["still"].round, rows["still"].reason) == (None, None, "constant")


def test_before_a_choice_everything_is_open(tmp_path):
    rows = {row.feature: row for row in figures(tmp_path, preprocessed()).features}
    assert list(rows) == ["user", ODD, "hour", "still"]
    assert {row.decision for row in rows.values()} == {"open"}
    assert [row.reason for row in rows.values()] == ["", "", "", "constant"]


def test_a_feature_that_the_config_keeps_says_so(tmp_path):
    contents = documents()
    contents["search/path.json"]["picks"][0] |= {"round": 0, "estimate": None}
    contents["selection/selection.json"]["kept"][0]["round"] = 0
    assert figures(tmp_path, contents).features[0].reason == "kept by the config"


def test_of_a_feature_picked_twice_the_first_pick_counts(tmp_path):
    contents = documents()
    contents["search/path.json"]["picks"][2]["feature"] = "user"
    assert [row.round for row in figures(tmp_path, contents).features] == [1, 2, None, None]

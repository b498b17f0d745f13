"""The headline's numbers."""

import pytest

from tests.pipeline.report.small_run import documents, figures, preprocessed


def test_numbers_of_a_whole_run(tmp_path):
    headline = figures(tmp_path, documents()).headline
    assert (headline.kept, headline.features) == (2, 4)
    assert (headline.bytes, headline.full_bytes) == (1200, 2624)  # (100+50) * 2 * 4 and 164 * 4 * 4
    assert headline.auc_kept == pytest.approx(0.995)
    assert (headline.split, headline.rows, headline.seeds, headline.confidence) == ("test", 12345, [1, 2], 0.95)
    assert headline.examples_per_second.model_dump() == {"full": 1000, "pruned": 2500}
    assert headline.latency_us.model_dump() == {"batch": 32, "full": 800.0, "pruned": 200.0}


def test_what_is_not_known_is_left_out(tmp_path):
    headline = figures(tmp_path, preprocessed()).headline
    assert headline.model_dump() == {"features": 4, "kept": None, "full_bytes": 2624, "bytes": None}


def test_without_the_usual_batch_the_first_that_both_were_timed_with(tmp_path):
    contents = documents()
    contents["model/measured.json"]["latency_us"] = {"full": {"1": 9.0, "8": 10.0}, "pruned": {"8": 5.0}}
    assert figures(tmp_path, contents).headline.latency_us.batch == 8
    contents["model/measured.json"]["latency_us"] = {"full": {"1": 9.0}, "pruned": {}}
    assert figures(tmp_path, contents).headline.latency_us is None


def test_the_full_model_is_without_what_is_excluded(tmp_path):
    contents = documents()
    full = contents["proof/proof.json"]["points"][0]
    full |= {"features": 3, "without": {"hour": "excluded by the config"}}
    headline = figures(tmp_path, contents).headline
    assert (headline.features, headline.full_features) == (4, 3)
    assert headline.full_without == {"hour": "excluded by the config"}
    assert headline.full_bytes == 2624 - 10 * 4 * 4

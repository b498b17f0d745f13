"""Splits by a look at pieces of the files, as doctor takes it."""

from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split_sample import sample_splits
from pipeline.raw import delimited
from tests.pipeline.preprocess.small_logs import config, lines, write

SPLIT = {"by": "time", "column": "day", "validation_from": 7, "test_from": 9}


def test_all_rows_of_small_files_are_counted(tmp_path):
    settings = config(write(tmp_path / "a", lines(1000, 1)), tmp_path, split=SPLIT)
    counts, whole = sample_splits(ResolvedConfig.of(settings))
    assert whole
    assert {split: (split_counts.rows, split_counts.positives) for split, split_counts in counts.items()} == {
        "train": (700, 350),
        "validation": (200, 100),
        "test": (100, 50),
    }


def test_pieces_are_spread_over_large_files(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 1000)
    other = write(tmp_path / "b", lines(100, 2))
    settings = config(write(tmp_path / "a", lines(5000, 1)), tmp_path, split={}, test=other)
    counts, whole = sample_splits(ResolvedConfig.of(settings))
    assert not whole
    assert 100 < counts["train"].rows + counts["validation"].rows < 1000
    assert counts["train"].positives > 0
    assert counts["test"].rows == 100

"""Parsing: the cut into shards changes no figure, and what has been parsed is not read again."""

from pathlib import Path

import pytest

from pipeline.preprocess import parse
from pipeline.raw import delimited
from tests.pipeline.preprocess.small_logs import config, counted, day, lines, preprocessed, write


def test_the_cut_into_pieces_shards_and_buckets_changes_no_figure(tmp_path, monkeypatch):
    settings = config(write(tmp_path / "a", lines(3000, 1)), tmp_path, split={"by": "hash", "column": "d", "validation": 0.1})
    settings = settings.model_copy(
        update={"features": [settings.features[0], settings.features[1].model_copy(update={"match": ["c"]})]}
    )
    whole = counted(settings, tmp_path / "one")
    monkeypatch.setattr(delimited, "PIECE_BYTES", 5000)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 15000)
    monkeypatch.setattr("pipeline.preprocess.resolved_config.BUCKET_BYTES", 20000)
    cut = counted(settings, tmp_path / "many")
    for before, after in zip(whole["features"], cut["features"], strict=True):
        moments = [[figures.pop(figure) or 0.0 for figure in ("mean", "std")] for figures in (before, after)]
        assert moments[0] == pytest.approx(moments[1], rel=1e-12)
        assert {**after, "partition": 0} == {**before, "partition": 0}  # rows are numbered by piece
    assert (tmp_path / "one/vocabulary/c.txt").read_text() == (tmp_path / "many/vocabulary/c.txt").read_text()


def test_a_day_added_later_reads_only_that_day_and_equals_one_run_over_all(tmp_path, monkeypatch):
    (tmp_path / "logs").mkdir()
    settings = config(f"{tmp_path}/logs/day-*", tmp_path / "w", incremental=True)
    day(tmp_path / "logs", 1)
    preprocessed(settings, tmp_path / "first")
    day(tmp_path / "logs", 2)
    seen = []
    original = parse.read
    monkeypatch.setattr(parse, "read", lambda data, inputs, piece: seen.append(piece.path) or original(data, inputs, piece))
    later = preprocessed(settings, tmp_path / "second")
    assert [Path(path).name for path in seen] == ["day-2"]
    at_once = preprocessed(config(f"{tmp_path}/logs/day-*", tmp_path / "w2"), tmp_path / "third")
    assert later.keys() == at_once.keys()
    assert later == at_once
    kept = {path.name.split(".")[0] for path in (tmp_path / "w" / "spans").glob("*.json")}
    assert len(kept) == 2


def test_files_for_validation_that_are_added_later_change_the_split_of_rows_parsed_before(tmp_path):
    train, other = write(tmp_path / "a", lines(1500, 1)), write(tmp_path / "b", lines(200, 2))
    counted(config(train, tmp_path / "w", incremental=True), tmp_path / "first")
    document = counted(config(train, tmp_path / "w", incremental=True, validation=other), tmp_path / "second")
    assert document["splits"]["validation"][1]["count"] + document["splits"]["validation"][1]["missing"] == 200

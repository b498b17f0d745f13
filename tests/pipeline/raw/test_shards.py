import pytest

from features.errors import DataError
from pipeline.raw import delimited
from pipeline.raw.piece import Piece
from pipeline.raw.shards import list_files, plan_shards
from tests.pipeline.raw.raw_files import data, write


def test_files_are_listed_once_and_by_path(tmp_path):
    for name in ("b.tsv", "a.tsv"):
        write(tmp_path / name, b"1\t2\tx\n")
    listed = list_files([f"{tmp_path}/*.tsv", f"{tmp_path}/a.tsv"], "train")
    assert [file.path for file in listed] == [f"{tmp_path}/a.tsv", f"{tmp_path}/b.tsv"]
    assert [file.size for file in listed] == [6, 6]
    assert all(file.updated > 1e9 for file in listed)


def test_a_pattern_without_files_and_an_empty_file_are_named(tmp_path):
    with pytest.raises(DataError, match=r"data\.test: no file matches .*/none\*"):
        list_files([f"{tmp_path}/none*"], "test")
    write(tmp_path / "empty.tsv", b"")
    with pytest.raises(DataError, match=r"data\.train: .*empty\.tsv is empty; remove it"):
        list_files([f"{tmp_path}/*"], "train")


def test_shards_are_several_pieces_of_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 10)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 20)
    paths = [str(write(tmp_path / name, b"1\t2\tx\n" * rows)) for name, rows in (("a", 6), ("b", 1))]
    listed = [file for path in paths for file in list_files([path], "train")]
    planned = plan_shards(data(paths[0]), {"train": listed[:1], "test": listed[1:]})
    starts = [[piece.start for piece in shard.pieces] for shard in planned]
    assert starts == [[0, 10], [20, 30], [0]]
    assert [shard.split for shard in planned] == ["train", "train", "test"]
    assert planned[1].pieces[1] == Piece(paths[0], 30, 36)
    assert plan_shards(data(paths[0], quoted="multiline"), {"train": listed[:1]})[0].pieces == (Piece(paths[0], 0, -1),)

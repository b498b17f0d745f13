"""Output files: which rows they have, how large their row groups are, and the notes of their workers."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError
from features.manifest import PartFile
from pipeline.preprocess import output_file
from pipeline.preprocess import preprocess as module
from pipeline.preprocess.output_file import OutputFile
from pipeline.raw import delimited
from pipeline.runtime import files
from tests.pipeline.preprocess.small_logs import config, lines, preprocessed, write


def a_file(folder, rows):
    return OutputFile("train/a.parquet", str(folder / "a.parquet"), str(folder / "a.json"), "train", (), rows)


def test_a_file_is_noted_with_its_rows_and_the_hash_of_its_bytes(tmp_path):
    file = a_file(tmp_path, 5)
    assert not file.whole
    file.write(iter([pa.table({"x": [1, 2]}), pa.table({"x": [3, 4, 5]})]))
    assert file.whole
    assert pq.read_table(file.path)["x"].to_pylist() == [1, 2, 3, 4, 5]
    digest = hashlib.sha256(Path(file.path).read_bytes()).hexdigest()
    assert files.read_document(PartFile, file.note) == PartFile(file="train/a.parquet", rows=5, sha256=digest)


def test_a_file_that_lacks_rows_is_not_noted(tmp_path):
    file = a_file(tmp_path, 6)
    with pytest.raises(DataError, match=r"a\.parquet: has 5 rows, not 6; run `winnow preprocess --force`"):
        file.write(iter([pa.table({"x": [1, 2, 3, 4, 5]})]))
    assert not file.whole


def test_row_groups_are_full_wherever_a_split_has_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 8000)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 16000)
    monkeypatch.setattr(output_file, "ROW_GROUP_ROWS", 1000)
    preprocessed(config(write(tmp_path / "a", lines(9000, 1)), tmp_path), tmp_path / "out")
    for split in ("train", "validation", "test"):
        groups = []
        for path in sorted((tmp_path / "out" / split).glob("*.parquet")):
            metadata = pq.read_metadata(path)
            groups += [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
        total = sum(groups)
        assert max(groups) <= 1000
        assert min(groups) >= min(total, 500), groups


@pytest.mark.parametrize("content", [None, b"cut"])
def test_parsed_rows_that_vanish_or_break_between_the_passes_are_named(tmp_path, monkeypatch, content):
    plan = module.plan_output

    def lose(parsed, folders):
        copy = Path(parsed[0].rows_file("train"))
        copy.write_bytes(content) if content else copy.unlink()
        return plan(parsed, folders)

    monkeypatch.setattr(module, "plan_output", lose)
    settings = config(write(tmp_path / "a.tsv", lines(200, 1)), tmp_path / "work")
    with pytest.raises(DataError, match=r"\.train\.arrow: the parsed rows cannot be read: .*run `winnow preprocess --force`"):
        preprocessed(settings, tmp_path / "out")

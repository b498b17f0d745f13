from pathlib import Path

import pytest

from features.errors import DataError
from pipeline.raw.listing import match_files
from tests.pipeline import memory
from tests.pipeline.raw.raw_files import write

SPARK = ["part-00000.csv", "part-00001.csv", ".part-00000.csv.crc", "_SUCCESS", "_temporary/0/part-9.csv", "empty.csv"]


@pytest.fixture
def spark(tmp_path):
    """A folder as Spark leaves it, with a part of no byte."""
    folder = tmp_path / "day=1"
    for name in SPARK:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, b"" if name in ("_SUCCESS", "empty.csv") else b"label,n\n")
    return folder


def names(pattern):
    return [Path(file.path).name for file in match_files(str(pattern))]


def test_folders_and_globs_mean_the_parts_alone(spark):
    for pattern in (spark, f"{spark}/", spark.parent, f"{spark}/*", f"{spark}/*.csv", f"{spark}/part*"):
        assert names(pattern) == SPARK[:2]
    assert names(f"{spark}/_SUCCESS") == ["_SUCCESS"]
    assert names(f"{spark}/.part*") == [".part-00000.csv.crc"]
    assert names(f"{spark}/empty*") == ["empty.csv"]
    assert names(f"{spark}/none*") == []
    listed = match_files(f"{spark}/part-00000.csv")
    assert [(file.size, file.updated > 1e9) for file in listed] == [(8, True)]


def test_a_folder_of_parts_without_a_suffix(tmp_path):
    for name in ("part-0", "part-1", "notes.md"):
        write(tmp_path / name, b"1\n")
    assert names(tmp_path) == ["part-0", "part-1"]
    write(tmp_path / "rows.tsv.gz", b"1\n")
    assert names(tmp_path) == ["rows.tsv.gz"]


def test_a_file_of_exactly_that_name_comes_before_the_pattern(tmp_path, monkeypatch):
    for name in ("day[1].csv", "day1.csv", "a*.csv", "ab.csv"):
        write(tmp_path / name, b"1\n")
    assert names(tmp_path / "day[1].csv") == ["day[1].csv"]
    assert names(tmp_path / "a*.csv") == ["a*.csv"]
    assert names(tmp_path / "day?.csv") == ["day1.csv"]
    assert names(f"file://{tmp_path}/day1.csv") == ["day1.csv"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names("~/day1.csv") == ["day1.csv"]
    assert len(names("~/")) == 4


def test_another_filesystem_has_folders_too():
    memory.FILES.clear()
    for name in ("logs/a.tsv", "logs/_SUCCESS", "logs/b.tsv"):
        memory.FILES[f"memory://{name}"] = (b"1\n", 1.0)
    try:
        for pattern in ("memory://logs", "memory://logs/", "memory://logs/*"):
            assert names(pattern) == ["a.tsv", "b.tsv"]
        assert names("memory://logs/a.tsv") == ["a.tsv"]
    finally:
        memory.FILES.clear()


def test_a_filesystem_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"^nowhere://a/b cannot be listed: "):
        match_files("nowhere://a/b")


def test_a_folder_may_have_the_signs_of_a_pattern(tmp_path):
    for folder in ("day [1]", "day 1"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / f"of {folder}.csv", b"1\n")
    assert names(tmp_path / "day [1]") == ["of day [1].csv"]

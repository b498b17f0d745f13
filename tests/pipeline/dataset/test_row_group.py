"""Row groups of transformed files: what is read of them, and how a damaged file is named."""

import pyarrow.parquet as pq
import pytest

from features.errors import DataError
from pipeline.dataset.row_group import RowGroup, row_groups
from tests.pipeline.dataset.small_folder import columns

NAMES = ["row", "brand", "label"]


@pytest.fixture
def path(tmp_path) -> str:
    """A file of 250 rows in groups of 100."""
    pq.write_table(columns(0, 250), tmp_path / "part-0.parquet", row_group_size=100)
    return str(tmp_path / "part-0.parquet")


def test_a_file_is_its_row_groups_in_order(path):
    groups = row_groups(path, NAMES, 250)
    assert [(group.path, group.index, group.rows) for group in groups] == [(path, 0, 100), (path, 1, 100), (path, 2, 50)]
    assert groups[0] == RowGroup(path, 0, 100, metadata=None)  # the footer is no part of what a row group is


def test_the_named_columns_are_read_in_their_order(path):
    *_, last = row_groups(path, NAMES, 250)
    table = last.read(["brand", "row"])
    assert table.column_names == ["brand", "row"]
    assert table["row"].to_pylist() == list(range(200, 250))
    assert table["brand"].to_pylist() == [row % 9 for row in range(200, 250)]


@pytest.mark.parametrize(
    ("names", "rows", "message"),
    [
        (["row", "zip", "age"], 250, r"part-0\.parquet: has no column 'age'"),
        (NAMES, 251, r"part-0\.parquet: has 250 rows, but manifest\.json says 251"),
    ],
)
def test_a_file_of_another_run_is_named(path, names, rows, message):
    with pytest.raises(DataError, match=message + "; run `winnow preprocess` again"):
        row_groups(path, names, rows)


def test_a_file_that_is_gone_or_damaged_is_named(path, tmp_path):
    with pytest.raises(DataError, match=r"absent\.parquet: cannot be read .*; run `winnow preprocess` again"):
        row_groups(str(tmp_path / "absent.parquet"), NAMES, 250)
    [first, *_] = row_groups(path, NAMES, 250)
    content = (tmp_path / "part-0.parquet").read_bytes()
    (tmp_path / "part-0.parquet").write_bytes(content[:-100])
    with pytest.raises(DataError, match=r"part-0\.parquet: cannot be read .*; run `winnow preprocess` again"):
        row_groups(path, NAMES, 250)
    (tmp_path / "part-0.parquet").unlink()
    with pytest.raises(DataError, match=r"part-0\.parquet: row group 0 cannot be read .*; run `winnow preprocess` again"):
        first.read(NAMES)

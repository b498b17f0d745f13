import pytest

from features.errors import DataError
from features.manifest import RawFileRows, RejectCounts
from pipeline.preprocess.parsed_shard import ShardRecord, SplitCounts
from pipeline.preprocess.raw_rows import raw_file_rows
from pipeline.preprocess.resolved_config import ResolvedConfig
from tests.pipeline.preprocess.small_logs import config, lines, write


@pytest.fixture
def resolved(tmp_path):
    return ResolvedConfig.of(config(write(tmp_path / "a", lines(200, 1)), tmp_path))


def record(resolved, span, train, rejected=0):
    (file,) = resolved.listed["train"]
    counts = RejectCounts(rows=train + rejected, reasons={"bad": rejected}, examples={})
    splits = {"train": SplitCounts(rows=train)}
    return ShardRecord(file=file.path, split="train", span=span, splits=splits, rejected=counts)


def test_shards_add_up_to_their_file(resolved):
    (file,) = resolved.listed["train"]
    records = [record(resolved, (0, 100), 50, 2), record(resolved, (100, file.size), 148)]
    expected = RawFileRows(file=file.path, split="train", rows=200, read=198, rejected=2)
    assert raw_file_rows(resolved, records) == [expected]


def test_a_stretch_or_a_row_that_is_missing_is_an_error_that_names_file_and_offset(resolved):
    (file,) = resolved.listed["train"]
    with pytest.raises(DataError, match=r"/a: was read to offset 10, but then from "):
        raw_file_rows(resolved, [record(resolved, (0, 10), 200)])
    with pytest.raises(DataError, match=r"/a: was read to offset 0, but then from "):
        raw_file_rows(resolved, [])
    whole = record(resolved, (0, file.size), 199)
    lost = whole.model_copy(update={"rejected": RejectCounts(rows=200, reasons={}, examples={})})
    with pytest.raises(DataError, match=r"/a: has 200 rows from offset 0 to [0-9,]+, but 199 are in a split and 0 were rej"):
        raw_file_rows(resolved, [lost])

"""The files of a parsed shard."""

import pyarrow as pa
import pytest

from features.errors import DataError
from features.manifest import RejectCounts, SplitCounts
from pipeline.preprocess.parsed_shard import ParsedShard, ShardRecord
from pipeline.runtime import files


def test_the_record_marks_the_files_as_whole(tmp_path):
    parsed = ParsedShard(str(tmp_path / "key"))
    assert not parsed.whole
    rejected = RejectCounts(rows=13, reasons={"bad": 3}, examples={"bad": ("a", 7)})
    record = ShardRecord(
        file="a", split="train", span=(0, 9), splits={"train": SplitCounts(rows=10, positives=4)}, rejected=rejected
    )
    files.write_document(parsed.record_file, record)
    assert parsed.whole
    assert ParsedShard(parsed.base).record == record
    assert parsed.counts("train") == SplitCounts(rows=10, positives=4)
    assert parsed.counts("test") == SplitCounts(rows=0, positives=0)


def test_rows_are_read_batch_by_batch_and_damage_is_named(tmp_path):
    parsed = ParsedShard(str(tmp_path / "key"))
    table = pa.table({"x": [1, 2, 3]})
    with pa.OSFile(parsed.rows_file("test"), "w") as target, pa.ipc.new_stream(target, table.schema) as stream:
        stream.write_table(table.slice(0, 2))
        stream.write_table(table.slice(2))
    assert [part.to_pydict() for part in parsed.tables("test")] == [{"x": [1, 2]}, {"x": [3]}]
    with pytest.raises(DataError, match=r"key\.train\.arrow: the parsed rows cannot be read: .*winnow preprocess --force"):
        list(parsed.tables("train"))

"""A parsed shard: the files into which a worker has put the rows of a raw shard, and the counts over these rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from features.document import Document
from features.errors import DataError
from features.manifest import RejectCounts, SplitCounts
from pipeline.raw.accounts import Span
from pipeline.runtime import files


class ShardRecord(Document):
    """`<key>.json`: marks the files of a parsed shard as whole.

    Attributes:
      file: path of the raw file.
      split: the config's field that named it.
      span: offsets from which to which the shard accounts for it.
      splits: counts of the splits that have rows of this shard.
      rejected: rows read and rejected.
    """

    file: str
    split: str
    span: Span
    splits: dict[str, SplitCounts]
    rejected: RejectCounts


@dataclass(frozen=True)
class ParsedShard:
    """The files of a parsed shard.

    Attributes:
      base: path of all of them, without their ends.
    """

    base: str

    def rows_file(self, split: str) -> str:
        """Path of the rows of a split, an Arrow stream of encoded columns."""
        return f"{self.base}.{split}.arrow"

    @property
    def counts_file(self) -> str:
        """Path of the partial figures, see `partial.write_partials`."""
        return f"{self.base}.counts"

    @property
    def rejected_file(self) -> str:
        """Path of the rejected rows; there only where there are some."""
        return f"{self.base}.rejected"

    @property
    def sample_file(self) -> str:
        """Path of the `RowSample`."""
        return f"{self.base}.sample"

    @property
    def record_file(self) -> str:
        """Path of the `ShardRecord`, which is written last."""
        return f"{self.base}.json"

    @property
    def whole(self) -> bool:
        """Whether the shard has been parsed, by this run or an earlier one."""
        return files.exists(self.record_file)

    @cached_property
    def record(self) -> ShardRecord:
        """The record, read at its first use."""
        return files.read_document(ShardRecord, self.record_file)

    def counts(self, split: str) -> SplitCounts:
        """Rows and positives of a split."""
        return self.record.splits.get(split, SplitCounts())

    def tables(self, split: str) -> Iterator[pa.Table]:
        """The rows of a split that has some.

        Raises:
          DataError: the file is damaged, or has gone since it was counted.
        """
        path = self.rows_file(split)
        # A stream and not a file with random access: it is read from start to end, also from a bucket.
        try:
            with files.open_file(path) as source, pa.ipc.open_stream(pa.PythonFile(source, "r")) as stream:
                for batch in stream:
                    yield pa.Table.from_batches([batch])
        except (OSError, pa.ArrowInvalid) as error:
            remedy = f"remove {path.rpartition('/')[0]} and run `winnow preprocess --force`"
            raise DataError(f"{path}: the parsed rows cannot be read: {error}; {remedy}") from None

"""Row groups of the transformed Parquet files: the unit in which rows are read for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet

from features.errors import DataError
from pipeline.runtime import files

# Whatever is wrong with a transformed file, it is made again from the raw ones.
REMEDY = "run `winnow preprocess` again"


@dataclass(frozen=True)
class RowGroup:
    """One Parquet row group, and the footer of its file."""

    path: str
    index: int
    rows: int
    # Kept, as each read would else fetch and parse the footer again, which is long in wide files.
    metadata: pa.parquet.FileMetaData = field(repr=False, compare=False)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """The named columns; no other is read.

        Raises:
          DataError: the file is gone or damaged.
        """
        # Over a network each column chunk would be a request of its own; from a local disk there is nothing to gain.
        remote = not files.is_local(self.path)
        try:
            with (
                files.open_arrow(self.path) as source,
                pa.parquet.ParquetFile(source, metadata=self.metadata, pre_buffer=remote) as file,
            ):
                return file.read_row_group(self.index, columns=list(columns))
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path}: row group {self.index} cannot be read ({error}); {REMEDY}") from None


def row_groups(path: str, columns: Sequence[str], rows: int) -> list[RowGroup]:
    """All row groups of a file.

    Args:
      path: of the file.
      columns: that it must have.
      rows: that it must have.

    Raises:
      DataError: the file is gone or damaged, lacks one of the columns, or has another number of rows.
    """
    try:
        with files.open_arrow(path) as source:
            metadata = pa.parquet.read_metadata(source)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read ({error}); {REMEDY}") from None
    absent = set(columns) - set(metadata.schema.to_arrow_schema().names)
    if absent:
        raise DataError(f"{path}: has no column {min(absent)!r}; {REMEDY}")
    # The position of every batch follows from the manifest's numbers: a file of other length would shift all batches after it.
    if metadata.num_rows != rows:
        raise DataError(f"{path}: has {metadata.num_rows} rows, but manifest.json says {rows}; {REMEDY}")
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    return [RowGroup(path, number, size, metadata) for number, size in enumerate(sizes)]

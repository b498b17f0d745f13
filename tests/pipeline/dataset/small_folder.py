"""A transformed folder made by hand, of which every value follows from its row's number."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.encoding import Encoding
from features.manifest import Manifest, PartFile, RejectCounts, ResolvedFeatures, SplitFiles
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files

ENCODINGS = [
    Encoding("row", 10_000),
    Encoding("price", 0, 2),
    Encoding("tags", 50, 3, weighted=True),
    Encoding("vector", 0, 4),
    Encoding("brand", 9),
]


def columns(first, rows):
    """Columns that all follow from the row's number, so that a batch shows which rows it holds."""
    row = np.arange(first, first + rows, dtype=np.int32)

    def lists(values):
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])

    steps = np.arange(4)
    return pa.table(
        {
            "row": row,
            "price": lists((row[:, None] * 0.5 + steps[:2]).astype(np.float32)),
            "tags": lists((row[:, None] + steps[:3]) % 50).cast(pa.list_(pa.int32(), 3)),
            "tags.weights": lists((row[:, None] + steps[:3] / 4).astype(np.float32)),
            "vector": lists((row[:, None] * 2 + steps).astype(np.float32)),
            "brand": row % 9,
            "label": (row % 2).astype(np.float32),
            "weight": (row + 0.25).astype(np.float32),
        }
    )


def write(folder, encodings, tables, group_rows, weight="weight"):
    """A transformed folder whose train split has one file for each table."""
    entries = []
    for number, table in enumerate(tables):
        (folder / "train").mkdir(exist_ok=True)
        pq.write_table(table, folder / f"train/part-{number}.parquet", row_group_size=group_rows, compression="zstd")
        entries.append(PartFile(file=f"train/part-{number}.parquet", rows=table.num_rows, sha256=""))
    splits = {"train": SplitFiles(rows=sum(entry.rows for entry in entries), files=entries)}
    manifest = Manifest(splits=splits, raw_files=[], rejected=RejectCounts(rows=0, reasons={}, examples={}))
    resolved = ResolvedFeatures(label="label", weight=weight, inputs=[], features=[], encodings=encodings)
    transformed = Transformed(str(folder))
    files.write_document(transformed.manifest_file, manifest)
    files.write_document(transformed.features_file, resolved)
    return transformed

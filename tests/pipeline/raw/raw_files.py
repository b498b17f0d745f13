"""Helpers of the tests of raw formats."""

import pyarrow as pa
import pyarrow.parquet as pq

from features.config.data import DataConfig
from features.inputs import Input
from pipeline.raw.read import read
from pipeline.raw.shards import list_files, plan_shards

INPUTS = [Input("label", "float32"), Input("n", "float32"), Input("c", "string")]


def data(path, **fields):
    known = {"format": "tsv", "train": str(path), "label": "label"} | fields
    if known["format"] in ("tsv", "csv"):
        known = {"header": False, "columns": ["label", "n", "c"], "quoted": False} | known
    return DataConfig(**known)


def read_all(config, inputs=INPUTS):
    """Rows, in order, and rejected rows, of all shards."""
    listed = list_files(config.train, "train")
    rows, rejected = [], []
    for shard in plan_shards(config, {"train": listed}):
        for piece in shard.pieces:
            for part in read(config, inputs, piece):
                rows += part.table.to_pylist()
                rejected += part.rejected
    return rows, rejected


def write(path, content):
    path.write_bytes(content)
    return path


def write_parquet(path, **columns):
    pq.write_table(pa.table({"label": [1.0, 0.0, 1.0], **columns}), path)
    return DataConfig(format="parquet", train=str(path), label="label")

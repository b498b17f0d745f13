"""The pass that puts parsed rows through the TFT graph and writes Parquet; its files are cut by rows, not by shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from features.codes import Cross
from features.data_config import DataConfig
from features.feature import Feature
from features.inputs import Input
from pipeline.preprocess.parse import Parsed, read_copy
from pipeline.preprocess.split import SPLITS
from pipeline.runtime import files

ROW_GROUP_ROWS = 128 << 10


@dataclass(frozen=True)
class Part:
    """One file of the output: rows of one split, from the parsed shards whose names begin as `bases` do."""

    path: str
    split: str
    bases: tuple[str, ...]
    rows: int

    @property
    def row_group(self) -> int:
        """Rows of each row group: 64k to 128k, wherever the file has that many."""
        return -(-self.rows // max(1, -(-self.rows // ROW_GROUP_ROWS)))


def plan_parts(parsed: Sequence[Parsed], folder: str) -> list[Part]:
    """Joins neighbouring shards until a file has rows for a row group; the rest goes to the last."""
    parts = []
    for split in SPLITS:
        groups: list[list[Parsed]] = []
        size = ROW_GROUP_ROWS
        left = sum(shard.rows[split] for shard in parsed)
        for shard in (shard for shard in parsed if shard.rows[split]):
            if size >= ROW_GROUP_ROWS and (left >= ROW_GROUP_ROWS or not groups):
                groups.append([])
                size = 0
            groups[-1].append(shard)
            size, left = size + shard.rows[split], left - shard.rows[split]
        for number, group in enumerate(groups):
            path = files.join(folder, split, f"part-{number:05d}.parquet")
            parts.append(Part(path, split, tuple(s.base for s in group), sum(s.rows[split] for s in group)))
    return parts


class TransformPart(beam.DoFn):
    """Part -> its Parquet file, unless an earlier, interrupted run has left it whole; yields its path.

    The graph is elementwise, so each categorical column goes through it once per distinct value.

    Args:
      data: names the label and the weight.
      features: of the graph, in the order of the output's columns.
      inputs: of the graph.
      graph: the folder of the TFT output.
    """

    def __init__(self, data: DataConfig, features: Sequence[Feature], inputs: Sequence[Input], graph: str) -> None:
        self.data, self.features, self.inputs, self.graph = data, list(features), list(inputs), graph
        crossed = {column for feature in features if isinstance(feature, Cross) for column in feature.columns}
        self.by_value = {c.name for c in inputs if c.length is None and c.dtype != "float32"} - crossed

    def setup(self) -> None:
        """Loads the graph once per worker."""
        import tensorflow as tf

        with files.local(self.graph) as graph:
            self.loaded = tf.saved_model.load(files.join(graph, "transform_fn"))
        self.function = self.loaded.transform_fn

    def process(self, part: Part) -> Iterator[str]:
        """Writes aside and renames: the file is there whole or not at all."""
        if not files.exists(part.path):
            with files.written(part.path) as target:
                _write(self._tables(part), pa.PythonFile(target, "w"), part.row_group)
        yield part.path

    def transform(self, table: pa.Table) -> pa.Table:
        """Raw columns (see `ParseShard`) to transformed columns, label and weight."""
        import tensorflow as tf

        fed, codes = {}, {}
        for column in self.inputs:
            array = table[column.name].combine_chunks()
            if column.name in self.by_value:
                codes[column.name] = array.indices.to_numpy()
                array = array.dictionary
            elif pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            fed[column.name] = tf.constant(_numpy(array, column), dtype=column.dtype)
        outputs = self.function(fed)
        columns = {}
        for name in self._names(outputs):
            values = outputs[name].numpy()
            values = values.astype("int32") if values.dtype == "int64" else values  # TFT's graphs give int64 only
            columns[name] = _arrow(values[codes[name]] if name in codes else values)
        columns[self.data.label] = table[self.data.label]
        if self.data.weight:
            columns[self.data.weight] = table[self.data.weight]
        return pa.table(columns)

    def _tables(self, part: Part) -> Iterator[pa.Table]:
        for base in part.bases:
            for table in read_copy(base, part.split):
                yield self.transform(table)

    def _names(self, outputs: dict[str, Any]) -> list[str]:
        names = [name for feature in self.features for name in (feature.name, f"{feature.name}.weights")]
        return [name for name in dict.fromkeys(names) if name in outputs]


def _write(tables: Iterator[pa.Table], sink: Any, row_group: int) -> None:
    writer = None
    held: list[pa.Table] = []
    for table in tables:
        writer = writer or pa.parquet.ParquetWriter(sink, table.schema, compression="zstd")
        held.append(table)
        rows = sum(part.num_rows for part in held)
        if rows >= row_group:
            whole, joined = rows // row_group * row_group, pa.concat_tables(held)
            writer.write_table(joined.slice(0, whole), row_group_size=row_group)
            held = [joined.slice(whole)]
    if writer is not None:
        rest = pa.concat_tables(held)
        if rest.num_rows:
            writer.write_table(rest, row_group_size=row_group)
        writer.close()


def _numpy(array: pa.Array, column: Input) -> npt.NDArray[Any]:
    if column.length is not None:
        return np.asarray(array.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.length))
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _arrow(values: Any) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])

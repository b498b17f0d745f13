"""The second pass: parsed rows go through the TFT graph and become Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.codes import Cross
from features.config.data import DataConfig
from features.feature import Feature
from features.inputs import Input
from models.literal_path import literal_path
from pipeline.preprocess.output_file import OutputFile
from pipeline.runtime import files


class TransformRows(beam.DoFn):
    """OutputFile -> its Parquet file, unless an earlier, interrupted run has left it whole; yields its path.

    Args:
      data: names the label and the weight.
      features: of the graph, in the order of the output's columns.
      inputs: of the graph.
      graph: the folder of the TFT output.
    """

    def __init__(self, data: DataConfig, features: Sequence[Feature], inputs: Sequence[Input], graph: str) -> None:
        self.data, self.features, self.inputs, self.graph = data, list(features), list(inputs), graph
        crossed = {column for feature in features if isinstance(feature, Cross) for column in feature.columns}
        single_codes = {column.name for column in inputs if column.length is None and column.dtype != "float32"}
        # The graph is elementwise, so each column of codes goes through it once for each different value. A cross takes the
        # values of several columns together, so its columns go through row by row.
        self.by_value = single_codes - crossed

    def setup(self) -> None:
        """Loads the graph once per worker."""
        import tensorflow as tf  # here and not above: only workers need it, and it takes seconds

        with files.local(self.graph) as graph:
            self.loaded = tf.saved_model.load(literal_path(files.join(graph, "transform_fn")))
        self.function = self.loaded.transform_fn

    def process(self, file: OutputFile) -> Iterator[str]:
        """Writes aside and renames: the file is there whole or not at all."""
        if not file.whole:
            raw = (table for shard in file.shards for table in shard.tables(file.split))
            file.write(self.transform(table) for table in raw)
        yield file.path

    def transform(self, table: pa.Table) -> pa.Table:
        """Raw columns (see `ParseShard`) to transformed columns, label and weight."""
        tensors, codes = self._fed(table)
        outputs = self.function(tensors)
        columns = {}
        for name in self._names(outputs):
            values = outputs[name].numpy()
            values = values.astype("int32") if values.dtype == "int64" else values  # TFT's graphs give int64 only
            columns[name] = _arrow(values[codes[name]] if name in codes else values)
        columns[self.data.label] = table[self.data.label]
        if self.data.weight:
            columns[self.data.weight] = table[self.data.weight]
        return pa.table(columns)

    def _fed(self, table: pa.Table) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """The graph's inputs, and for each column that is given by its different values, each row's index among them."""
        import tensorflow as tf

        tensors, codes = {}, {}
        for column in self.inputs:
            array = table[column.name].combine_chunks()
            if column.name in self.by_value:
                codes[column.name] = array.indices.to_numpy()
                array = array.dictionary
            elif pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            tensors[column.name] = tf.constant(_numpy(array, column), dtype=column.dtype)
        return tensors, codes

    def _names(self, outputs: dict[str, Any]) -> list[str]:
        names = [name for feature in self.features for name in (feature.name, f"{feature.name}.weights")]
        return [name for name in dict.fromkeys(names) if name in outputs]


def _numpy(array: pa.Array, column: Input) -> npt.NDArray[Any]:
    if column.length is not None:
        return np.asarray(array.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.length))
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _arrow(values: npt.NDArray[Any]) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])

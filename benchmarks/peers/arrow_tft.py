"""Arrow batches in and out of TFT's own analyzers, to Parquet: what TFT gives to who feeds it columns."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import features  # noqa: F401, I001 (selects Keras 2)
import apache_beam as beam
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_transform.tf_metadata import schema_utils
from tfx_bsl.tfxio import tensor_adapter, tensor_representation_util

from benchmarks.peers.criteo import CATEGORICALS, COLUMNS, NUMERICS, feature_spec, main, preprocessing_fn, tokens_of

RANGE = 16 << 20
TYPES = {"label": pa.int64()} | dict.fromkeys(NUMERICS, pa.float32()) | dict.fromkeys(CATEGORICALS, pa.large_binary())


def batches(start: int, source: str) -> Iterator[pa.RecordBatch]:
    """The lines that begin in a range of bytes, as batches of lists of one value, as TFT wants them."""
    with Path(source).open("rb") as text:
        text.seek(max(start - 1, 0))
        if start:
            text.readline()
        lines = text.read(max(start + RANGE - text.tell(), 0)) + text.readline()
    table = pa.csv.read_csv(
        io.BytesIO(lines),
        pa.csv.ReadOptions(column_names=COLUMNS, block_size=1 << 20),
        pa.csv.ParseOptions(delimiter="\t", quote_char=False),
        pa.csv.ConvertOptions(column_types=TYPES),
    )
    for batch in table.combine_chunks().to_batches(max_chunksize=1 << 15):
        arrays = [_listed(batch.column(name), name) for name in COLUMNS]
        yield pa.RecordBatch.from_arrays(arrays, COLUMNS)


def _listed(array: pa.Array, name: str) -> pa.Array:
    array = array.fill_null(float("nan")) if name in NUMERICS else array
    return pa.LargeListArray.from_arrays(pa.array(range(len(array) + 1), pa.int64()), array)


class Write(beam.DoFn):
    """Batches of a bundle to one Parquet file; yields its rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start_bundle(self) -> None:
        self.held: list[pa.RecordBatch] = []

    def process(self, element: Any) -> None:
        self.held.append(element[0])

    def finish_bundle(self) -> None:
        if self.held:
            path = Path(tempfile.mkstemp(".parquet", dir=self.folder)[1])
            pa.parquet.write_table(pa.Table.from_batches(self.held), path, compression="zstd")


def preprocess(source: str, output: Path) -> tuple[int, int]:
    """Two reads of the text, so that the raw batches need not be kept."""
    schema = schema_utils.schema_from_feature_spec(feature_spec())
    kinds = {"label": pa.int64()} | dict.fromkeys(NUMERICS, pa.float32()) | dict.fromkeys(CATEGORICALS, pa.large_binary())
    arrow = pa.schema([(name, pa.large_list(kind)) for name, kind in kinds.items()])
    form = tensor_representation_util.InferTensorRepresentationsFromMixedSchema(schema)
    config = tensor_adapter.TensorAdapterConfig(arrow, form)
    ranges = list(range(0, Path(source).stat().st_size, RANGE))
    (output / "train").mkdir()
    with (
        beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as root,
        tft_beam.Context(temp_dir=tempfile.mkdtemp(dir=output)),
    ):
        first = root | "Ranges" >> beam.Create(ranges) | "Read" >> beam.FlatMap(batches, source)
        again = root | "RangesAgain" >> beam.Create(ranges) | "ReadAgain" >> beam.FlatMap(batches, source)
        function = (first, config) | tft_beam.AnalyzeDataset(preprocessing_fn)
        made, _ = ((again, config), function) | tft_beam.TransformDataset(output_record_batches=True)
        _ = made | "Write" >> beam.ParDo(Write(output / "train"))
        _ = function | "WriteFunction" >> tft_beam.WriteTransformFn(str(output / "transform"))
    rows = sum(pa.parquet.read_metadata(path).num_rows for path in (output / "train").glob("*.parquet"))
    return rows, tokens_of(output / "transform")


if __name__ == "__main__":
    main(preprocess)

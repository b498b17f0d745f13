"""The usual way, as in tensorflow/models: text lines, a dict a row, TFT's analyzers, a tf.Example a row to TFRecord."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import features  # noqa: F401, I001 (selects Keras 2)
import apache_beam as beam
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from benchmarks.peers.criteo import CATEGORICALS, COLUMNS, NUMERICS, feature_spec, main, preprocessing_fn, tokens_of


def row(line: str) -> dict[str, Any]:
    """A line as a dict of typed values."""
    text = dict(zip(COLUMNS, line.split("\t"), strict=True))
    numbers = {name: float(text[name] or "nan") for name in NUMERICS}
    return {"label": int(text["label"])} | numbers | {name: text[name] for name in CATEGORICALS}


def preprocess(source: str, output: Path) -> tuple[int, int]:
    """One Beam pipeline: analysis, transform and TFRecord."""
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(feature_spec()))
    options = PipelineOptions(["--runner=FnApiRunner"])
    with beam.Pipeline(options=options) as root, tft_beam.Context(temp_dir=tempfile.mkdtemp(dir=output)):
        rows = root | "Read" >> beam.io.ReadFromText(source) | "Row" >> beam.Map(row)
        (made, made_metadata), function = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        coder = tft.coders.ExampleProtoCoder(made_metadata.schema)
        _ = made | "Encode" >> beam.Map(coder.encode) | "Write" >> beam.io.WriteToTFRecord(str(output / "train"))
        _ = function | "WriteFunction" >> tft_beam.WriteTransformFn(str(output / "transform"))
        _ = (
            made
            | "Count" >> beam.combiners.Count.Globally()
            | "Text" >> beam.Map(str)
            | "WriteCount" >> beam.io.WriteToText(str(output / "count"), shard_name_template="")
        )
    return int((output / "count").read_text()), tokens_of(output / "transform")


if __name__ == "__main__":
    main(preprocess)

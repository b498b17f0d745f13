"""Ids, labels, missing flags, vocabularies and moments are those of TFT's own analyzers on the same rows."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from features.config import Config
from features.inputs import MISSING_INT
from pipeline.preprocess.preprocess import preprocess
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.runtime import files

KUAIRAND = Path(os.environ.get("WINNOW_DATA") or "../shared/data") / "kuairand_pure"
pytestmark = pytest.mark.slow


def generated(rows):
    rng = np.random.default_rng(5)

    def gaps():
        return rng.random(rows) < 0.1

    words = [f"w{value}" for value in rng.zipf(1.4, rows) % 800]  # long ties at every small count
    return pa.table(
        {
            "label": rng.integers(0, 2, rows).astype(np.float32),
            "c": pa.array(words, mask=gaps()),
            "i": pa.array(rng.integers(-20, 300, rows), mask=gaps()),
            "n": pa.array(rng.lognormal(1, 2, rows), pa.float32(), mask=gaps()),
        }
    )


def ours(table, folder, rules):
    pq.write_table(table, folder / "rows.parquet")
    document = {
        "name": "parity",
        "work_dir": str(folder),
        "data": {"format": "parquet", "train": str(folder / "rows.parquet"), "label": "label", "split": {"validation": 0}},
        "features": rules,
        "selection": {"budget": {"features": 1}},
    }
    resolved = ResolvedConfig.of(Config.model_validate(document))
    files.make_folder(str(folder / "out"))
    preprocess(resolved, str(folder / "out"))
    return resolved, pq.read_table(folder / "out" / "train" / "part-00000.parquet")


def theirs(table, folder, categorical, number):
    """The same by `tft.vocabulary` and `tft.mean`/`tft.var`, on dicts, in TFT's way."""

    def preprocessing_fn(inputs):
        out = {"label": inputs["label"]}
        for name, min_count in categorical.items():
            text = inputs[name]
            vocabulary = tft.vocabulary(text, frequency_threshold=min_count, vocab_filename=name)
            ours_by_name = tft.apply_vocabulary(text, vocabulary, default_value=-1)
            out[name] = tf.where(
                tf.equal(text, ""),
                tf.constant(1, tf.int64),
                tf.where(ours_by_name < 0, tf.constant(2, tf.int64), ours_by_name + 3),
            )
        x = inputs[number]
        absent = tf.math.is_nan(x)
        logged = tf.math.log1p(tf.maximum(x, 0.0))
        present = tf.boolean_mask(logged, ~absent)
        mean, variance = tft.mean(present), tft.var(present)
        out[number] = tf.where(absent, 0.0, (logged - mean) / tf.sqrt(variance))
        out["absent"] = tf.cast(absent, tf.float32)
        out["mean"] = tf.zeros_like(x) + mean
        return out

    specs = {name: tf.io.FixedLenFeature([], tf.string) for name in categorical}
    specs |= {name: tf.io.FixedLenFeature([], tf.float32) for name in (number, "label")}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(specs))
    columns = {name: ["" if v is None else str(v) for v in table[name].to_pylist()] for name in categorical}
    columns |= {name: [np.nan if v is None else v for v in table[name].to_pylist()] for name in (number, "label")}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    with tft_beam.Context(temp_dir=str(folder / "tft")):
        (transformed, _), transform_fn = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        transform_fn | tft_beam.WriteTransformFn(str(folder / "theirs"))
    output = tft.TFTransformOutput(str(folder / "theirs"))
    return {name: np.array([row[name] for row in transformed]) for name in transformed[0]}, output


def compare(table, folder, categorical, number):
    rules = [{"match": name, "min_count": least} for name, least in categorical.items()]
    rules.append({"match": number, "kind": "numeric", "encoding": "value", "log1p": True})
    job, ours_by_name = ours(table, folder, rules)
    expected, output = theirs(table, folder, categorical, number)
    for name in categorical:
        np.testing.assert_array_equal(ours_by_name[name].to_numpy(), expected[name])
        ours_of_feature = (folder / "out" / "vocabulary" / f"{name}.txt").read_bytes()
        assert ours_of_feature == Path(output.vocabulary_file_by_name(name)).read_bytes()
        assert len(ours_of_feature.splitlines()) > 10
    np.testing.assert_array_equal(ours_by_name["label"].to_numpy(), expected["label"])
    values = np.stack(ours_by_name[number].to_pylist())
    np.testing.assert_array_equal(values[:, 1], expected["absent"])
    np.testing.assert_allclose(values[:, 0], expected[number], atol=1e-5, rtol=1e-5)
    statistics = {
        ours_of_feature["name"]: ours_of_feature
        for ours_of_feature in files.read_json(str(folder / "out" / "statistics.json"))["features"]
    }
    assert statistics[number]["mean"] == pytest.approx(expected["mean"][0], rel=1e-5)
    return job


def test_generated_rows_are_transformed_as_by_tft(tmp_path):
    compare(generated(6000), tmp_path, {"c": 3, "i": 2}, "n")


@pytest.mark.skipif(not KUAIRAND.exists(), reason="needs KuaiRand-Pure")
def test_kuairand_is_transformed_as_by_tft(tmp_path):
    table = pq.read_table(KUAIRAND / "train.parquet").slice(0, 12_000)
    names = {"video_id": 2, "author_id": 5, "tag": 1}
    table = table.select([*names, "register_days", "is_click"]).rename_columns([*names, "register_days", "label"])
    compare(table, tmp_path, names, "register_days")


def test_the_serving_graph_gives_the_files_values_row_by_row(tmp_path):
    table = generated(10_000)
    rules = [
        {"match": ["c", "i"], "min_count": 2},
        {"match": "n", "kind": "numeric", "buckets": 20},
        {"match": "x", "kind": "cross", "columns": ["c", "i"], "hash_buckets": 50},
    ]
    _, ours_by_name = ours(table, tmp_path, rules)
    serving = tft.TFTransformOutput(str(tmp_path / "out" / "transform")).transform_raw_features
    out = serving(
        {
            "c": tf.constant([value or "" for value in table["c"].to_pylist()]),
            "i": tf.constant(table["i"].fill_null(MISSING_INT).to_numpy()),
            "n": tf.constant(table["n"].fill_null(float("nan")).to_numpy()),
        }
    )
    for name in ("c", "i", "n", "x"):
        np.testing.assert_array_equal(ours_by_name[name].to_numpy(), out[name].numpy())
        assert len(np.unique(out[name])) > 15

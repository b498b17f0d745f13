"""A small job whose log has a column for every kind of feature, oddly named, with values missing and unseen."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from features.config import Config
from features.inputs import MISSING_INT
from features.spec import FeatureSpec

KEPT = ["a-b", "1st", "hash it", "class", "n.sq", "value", "tags", "codes", "text", "vec", "pair"]


def every_kind(rows: int, seed: int) -> pa.Table:
    """Test rows (seed 1) hold values that no train row (seed 0) has."""
    rng = np.random.default_rng(seed)
    ids, words = rng.integers(0, 9 + seed, rows), rng.integers(0, 6 + seed, rows)
    number = rng.normal(size=rows)
    click = rng.random(rows) < 1 / (1 + np.exp(-(2.0 * (ids % 2) - 1 + number + (words > 2))))

    def gaps() -> np.ndarray:
        return rng.random(rows) < 0.1

    def lists(values, dtype, longest=7) -> pa.Array:
        lengths = np.where(gaps(), 0, rng.integers(1, longest, rows))
        flat = values(int(lengths.sum()))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat, dtype))

    codes = lists(lambda n: rng.integers(-3, 12 + seed, n), pa.int64())
    weights = pa.ListArray.from_arrays(codes.offsets, pa.array(rng.random(len(codes.values)), pa.float32()))
    tags = lists(lambda n: [f"t{v}" for v in rng.integers(0, 7 + seed, n)], pa.string())
    return pa.table(
        {
            "click": click.astype(np.int64),
            "a-b": pa.array([f"w{v}" for v in words], mask=gaps()),
            "1st": pa.array(ids, mask=gaps()),
            "hash it": pa.array([f"h{v}" for v in rng.integers(0, 50, rows)], mask=gaps()),
            "class": pa.array(number, mask=gaps()),
            "n.sq": pa.array(rng.integers(-5, 2000, rows), mask=gaps()),
            "value": pa.array(rng.exponential(5, rows), mask=gaps()),
            "tags": tags,
            "codes": codes,
            "codes weight": weights,
            "text": pa.array(["|".join(values) if values else None for values in tags.to_pylist()]),
            "vec": pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=rows * 3).astype(np.float32)), 3),
            "dropped one": [f"n{v}" for v in rng.integers(0, 30, rows)],
            "dropped two": rng.normal(size=rows),
        }
    )


def every_kind_config(folder: Path, **changes) -> Config:
    """Writes the data and the config into a folder."""
    pq.write_table(every_kind(3000, seed=0), folder / "train.parquet", row_group_size=1000)
    pq.write_table(every_kind(1000, seed=1), folder / "test.parquet")
    document = {
        "name": "every-kind",
        "work_dir": str(folder / "work"),
        "data": {
            "format": "parquet",
            "train": str(folder / "train.parquet"),
            "test": str(folder / "test.parquet"),
            "label": "click",
            "split": {"by": "row", "validation": 0.1},
        },
        "features": [
            {"match": ["a-b", "1st", "dropped one"], "min_count": 1},
            {"match": "hash it", "hash_buckets": 20},
            {"match": ["class", "dropped two"], "kind": "numeric", "buckets": 8},
            {"match": "n.sq", "kind": "numeric", "encoding": "log_square"},
            {"match": "value", "kind": "numeric", "encoding": "value", "log1p": True},
            {"match": "tags", "kind": "multivalued", "max_length": 4, "oov_buckets": 3},
            {"match": "codes", "kind": "multivalued", "max_length": 5, "weights": "codes weight"},
            {"match": "text", "kind": "multivalued", "separator": "|", "max_length": 3},
            {"match": "vec", "kind": "dense"},
            {"match": "pair", "kind": "cross", "columns": ["a-b", "1st"], "hash_buckets": 40},
        ],
        "model": {"embedding_width": 4, "cross_layers": 1, "cross_rank": 8, "tower": {"units": [16]}},
        "training": {"batch_size": 128, "table_learning_rate": 0.1},
        "selection": {
            "budget": {"features": len(KEPT)},
            "keep": KEPT,
            "batch_size": 128,
            "epochs": 1,
        },
        "proof": {"seed_count": 1, "bootstrap_samples": 50},
        **changes,
    }
    path = folder / "every-kind.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return Config.load(path)


def raw_rows(path: Path, spec: FeatureSpec, longest: int = 9) -> dict[str, np.ndarray]:
    """The file's columns as a request, lists at their own lengths up to `longest` and then missing marks."""
    table = pq.read_table(path)
    request = {}
    for column in spec.inputs:
        mark = {"string": "", "int64": MISSING_INT, "float32": np.nan}[column.dtype]
        dtype = {"string": object, "int64": np.int64, "float32": np.float32}[column.dtype]
        values = table[column.name].to_pylist()
        if column.length is not None and column.name != "vec":
            values = [(row or []) + [mark] * (longest - len(row or [])) for row in values]
        request[column.name] = np.array([mark if value is None else value for value in values], dtype)
    return request


def trained_scores(job) -> np.ndarray:
    """Scores of the test rows by the trained model on the transformed data."""
    import tensorflow as tf

    from models.build import example_inputs
    from models.ranking import RankingModel
    from pipeline.dataset.reader import Reader, Transformed

    data = Transformed(f"{job.work_dir}/transformed")
    widths = FeatureSpec.load(Path(job.work_dir, "model")).widths()
    encodings = data.subset(list(widths))
    model = RankingModel(encodings, widths, job.model)
    model(example_inputs(encodings))
    tf.train.Checkpoint(model=model).read(f"{job.work_dir}/proof/weights/pruned").expect_partial()
    batches = Reader(data, "test", encodings).ordered(256)
    return np.concatenate([tf.sigmoid(model(batch[0], training=False)[:, 0]).numpy() for batch in batches])

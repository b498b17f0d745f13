"""Rows a second of training input: Winnow's Parquet reader beside TFRecord with one parse_example a batch.

    python benchmarks/reading.py [--rows 1000000] [--work FOLDER]          (about two minutes)

All 39 features of generated Criteo-format rows as ids, one epoch a slice; the ways take turns, and medians are given. The
first epoch, in which threads and caches warm up, is left out. `held`: the split fits into shuffle_rows and is read once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import features  # noqa: F401, I001 (selects Keras 2)
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from features.config import Config
from pipeline.dataset.reader import Reader, Transformed
from pipeline.tools.demo import generate
from pipeline.plan import Plan

TFRECORD_ROWS = 200_000  # as many as a slice needs: its speed does not depend on the file's size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[4096, 16384])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "winnow-benchmark"), help="keeps the data")
    asked = parser.parse_args()
    data = transformed(asked.work, asked.rows)
    records = tfrecords(data, asked.work / f"records-{asked.rows}.tfrecord")
    table = Table(title=f"rows/s of {data.rows('train'):,} rows, {len(data.encodings)} features, {os.cpu_count()} cores")
    for column in ("way", *(f"batch {size:,}" for size in asked.batch_sizes)):
        table.add_column(column, justify="left" if column == "way" else "right")
    columns = [measure(data, records, size, asked.rounds) for size in asked.batch_sizes]
    for way in columns[0]:
        table.add_row(way, *(f"{found[way]:,.0f}" for found in columns))
    Console(width=max(120, Console().width)).print(table)


def measure(data: Transformed, records: Path, batch_size: int, rounds: int) -> dict[str, float]:
    """Median rows a second of each way."""
    ways = {
        "Winnow, windows of 256k rows": reader(data, batch_size, 256 << 10),
        "Winnow, held": reader(data, batch_size, data.rows("train")),
        "TFRecord, one parse_example a batch": parsed(data, records, batch_size),
    }
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, (batches, steps) in ways.items():
            started = time.perf_counter()
            for _ in range(steps):
                next(batches)
            if number:
                speeds[way].append(steps * batch_size / (time.perf_counter() - started))
    return {way: statistics.median(found) for way, found in speeds.items()}


def reader(data: Transformed, batch_size: int, shuffle_rows: int) -> tuple[Iterator[Any], int]:
    made = Reader(data, "train", data.encodings, shuffle_rows)
    return iter(made.dataset(batch_size, seed=1)), made.steps(batch_size)


def parsed(data: Transformed, records: Path, batch_size: int) -> tuple[Iterator[Any], int]:
    spec = {encoding.name: tf.io.FixedLenFeature([], tf.int64) for encoding in data.encodings}
    spec["label"] = tf.io.FixedLenFeature([], tf.float32)

    def arrange(serialized: tf.Tensor) -> Any:
        columns = tf.io.parse_example(serialized, spec)
        ids = tf.stack([tf.cast(columns[encoding.name], tf.int32) for encoding in data.encodings], axis=1)
        return {"ids": ids}, columns["label"][:, None]

    rows = tf.data.TFRecordDataset(str(records)).repeat().shuffle(8192, seed=1).batch(batch_size, drop_remainder=True)
    batches = rows.map(arrange, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return iter(batches), max(1, TFRECORD_ROWS // batch_size)


def transformed(work: Path, rows: int) -> Transformed:
    """Makes the data and preprocesses it, unless it is there."""
    folder = work / f"criteo-{rows}"
    generate(folder, rows)
    sets = [f"data.train={folder}/train.tsv", f"work_dir={folder}/work", "data.split={validation: 0, test: 0}"]
    plan = Plan(Config.load(Path(__file__).parents[1] / "configs/criteo.yaml", sets))
    plan.run(["preprocess"])
    return Transformed(plan.folder("preprocess"))


def tfrecords(data: Transformed, path: Path) -> Path:
    """The first rows as tf.Examples, unless they are there."""
    if path.exists():
        return path
    aside = path.with_suffix(".partial")
    with tf.io.TFRecordWriter(str(aside)) as target:
        left = TFRECORD_ROWS
        for inputs, labels in Reader(data, "train", data.encodings).ordered(8192):
            for ids, label in zip(inputs["ids"][:left].tolist(), labels[:left, 0].tolist(), strict=True):
                target.write(_example(data, ids, label))
            left -= min(left, len(labels))
            if not left:
                break
    aside.rename(path)
    return path


def _example(data: Transformed, ids: list[int], label: float) -> bytes:
    columns = {
        encoding.name: tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        for encoding, value in zip(data.encodings, ids, strict=True)
    }
    columns["label"] = tf.train.Feature(float_list=tf.train.FloatList(value=[label]))
    return bytes(tf.train.Example(features=tf.train.Features(feature=columns)).SerializeToString())


if __name__ == "__main__":
    main()

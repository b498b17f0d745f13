"""Odd raw cells give the same ids and scores in training, in `winnow score`, and in both signatures of the served model."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.inputs import MISSING_INT, Input
from features.names import argument_names
from pipeline.dataset.transformed import Transformed
from pipeline.plan import Plan
from pipeline.preprocess.parse import ParseShard
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.transform import TransformRows
from pipeline.raw.shards import list_files, plan_shards
from tests.fuzz.campaign import FaultError
from tests.fuzz.mutation import odd_text
from tests.pipeline.every_kind import every_kind_config

ROWS = 250  # of an attempt; a batch costs little more than one row
MISSING = ["NA", "t3"]  # a mark, and a value that would be in the vocabulary if it were none
TOLERANCE = 1e-5  # of scores
LONGEST = 7  # values of a list; more than the model reads
WORDS = [f"{letter}{number}" for letter in "wht" for number in range(8)]
INTEGERS = [0, 1, -1, 4, 8, 9, 2**31, -(2**31), 2**53 + 1, 2**62, 2**63 - 1, MISSING_INT + 1]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-40, 1e-30, 3e38, -3e38, 16777217.0, 2.0**-149, 7.389056]


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> Config:
    """A trained and exported model with every kind of feature, none of which was searched for."""
    folder = tmp_path_factory.mktemp("model")
    files = {"train": str(folder / "train.parquet"), "test": str(folder / "test.parquet")}
    data = {"format": "parquet", "label": "click", "split": {"by": "row", "validation": 0}, "missing": MISSING, **files}
    config = every_kind_config(folder, data=data, selection={"budget": {"all": True}})
    Plan(config).run(["preprocess", "search", "select", "prove", "export"])
    return config


@pytest.fixture(scope="module")
def training(job) -> Training:
    """What training reads."""
    return Training(job)


class Training:
    """The way of raw rows into training: both passes of preprocessing, without Beam."""

    def __init__(self, config: Config) -> None:
        self.resolved = ResolvedConfig.of(config)
        output = Transformed(f"{config.work_dir}/transformed")
        self.second_pass = TransformRows(config.data, self.resolved.features, self.resolved.inputs, output.graph)
        self.second_pass.setup()

    def read(self, path: Path, source: dict[str, Any], folder: Path) -> tuple[dict[str, np.ndarray], list[dict]]:
        """The transformed columns of the rows that fit, by name, and the rows that were rejected."""
        resolved = self.resolved
        data = resolved.data.model_copy(update={**source, "max_bad_ratio": 1})
        [shard] = plan_shards(data, {"test": list_files([str(path)], "test")})
        first_pass = ParseShard(data, resolved.counted, resolved.columns, str(folder))
        first_pass.setup()
        list(first_pass.process(shard))
        first_pass.teardown()
        parsed = first_pass.parsed(shard)
        table = pa.concat_tables([self.second_pass.transform(table) for table in parsed.tables("test")])
        rejected = pq.read_table(parsed.rejected_file).to_pylist() if Path(parsed.rejected_file).exists() else []
        return {name: _matrix(table[name]) for name in table.column_names if name != data.label}, rejected


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        return array.flatten().to_numpy().reshape(len(array), array.type.list_size)
    return array.to_numpy()[:, None]


def test_requests(campaign, job, training, work_folder):
    from pipeline.serving.saved_model import Served
    from pipeline.serving.score import score

    served = Served(Path(job.work_dir, "model"))
    tried = campaign("requests", short=2 * ROWS)

    def attempt(rng: np.random.Generator) -> int:
        form, folder = list(WRITERS)[rng.integers(0, 3)], work_folder / str(rng.integers(0, 2**62))
        longest = 1 if form == "csv" else LONGEST
        cells = {column.name: odd_cells(rng, column, longest) for column in served.inputs}
        folder.mkdir()
        path = folder / f"cells.{form}"
        WRITERS[form](path, rng, cells, served.inputs)
        source = {"format": form, "max_bad_ratio": 0, **({"quoted": "multiline"} if form == "csv" else {})}
        ids, rejected = training.read(path, source, folder / "parsed")
        request = {column.name: client_values(cells[column.name], column) for column in served.inputs}
        fits = fitting(request, rejected)
        compare_ids(served, ids, {name: values[fits] for name, values in request.items()})
        expected = served.score(request)
        _same("serving_ids", scores_of_ids(served, ids), expected[fits])
        _same("serving_examples", scores_of_examples(served, examples(cells, served.inputs, labels=False)), expected)
        score(str(job.work_dir + "/model"), [str(path)], str(folder / "out"), source=source)
        parts = [pq.read_table(part)["score"].to_numpy() for part in sorted((folder / "out").glob("part-*.parquet"))]
        _same("winnow score", np.concatenate(parts), expected)
        return ROWS

    tried.run(attempt, size=ROWS)
    tried.check()


def odd_cells(rng: np.random.Generator, column: Input, longest: int) -> list[Any]:
    """Raw cells of a column, None for no value; lists of up to `longest` values, and vectors of their length if they can."""
    draw = {"string": _text, "int64": _integer, "float32": _float}[column.dtype]
    if column.length is None:
        return [None if rng.random() < 0.1 else draw(rng) for _ in range(ROWS)]
    draw = {"vec": _element, "codes weight": _weight}.get(column.name, draw)
    if column.name == "vec":
        absent = [None] * (column.length - min(column.length, longest))
        return [[draw(rng) for _ in range(column.length - len(absent))] + absent for _ in range(ROWS)]
    lengths = rng.integers(-1, longest + 1, ROWS)
    return [None if n < 0 else [None if rng.random() < 0.05 else draw(rng) for _ in range(n)] for n in lengths]


def _text(rng: np.random.Generator) -> str:
    return "|".join(odd_text(rng, [*WORDS, *MISSING]) for _ in range(1 + 3 * int(rng.random() < 0.2)))


def _integer(rng: np.random.Generator) -> int:
    return int(rng.choice(INTEGERS)) if rng.random() < 0.5 else int(rng.integers(-20, 20))


def _float(rng: np.random.Generator) -> float:
    return float(np.float32(rng.choice(FLOATS))) if rng.random() < 0.5 else float(np.float32(rng.normal(0, 10)))


def _element(rng: np.random.Generator) -> float:
    """Of a vector, which enters the network as it is: greater ones would make scores that are no numbers."""
    return float(np.float32(rng.choice([0.0, -0.0, 1e-40, 1e3, -1e3, rng.normal()])))


def _weight(rng: np.random.Generator) -> float:
    return float(np.float32(rng.choice([0.0, 1.0, 0.25, 1e-30, 1e6, rng.random()]))) if rng.random() < 0.99 else -1.0


def write_parquet(path: Path, rng: np.random.Generator, cells: dict[str, list], inputs: list[Input]) -> None:
    """The cells, in columns of one of the types that hold them."""
    columns = {"click": pa.array(rng.integers(0, 2, ROWS))}
    for column in inputs:
        values, listed = cells[column.name], column.length is not None
        kind = {"string": pa.string(), "int64": pa.int64(), "float32": pa.float32()}[column.dtype]
        array = pa.array(values, pa.list_(kind) if listed else kind)
        if not listed and column.dtype != "string" and rng.random() < 0.4:  # numbers in text, with marks for no number
            array = pa.array([rng.choice([*MISSING[:1], "", " "]) if value is None else f" {value!r} " for value in values])
        elif not listed and column.dtype == "string":
            array = [array, array.cast(pa.large_string()), array.cast(pa.binary()), array.dictionary_encode()][
                rng.integers(0, 4)
            ]
        elif not listed and column.dtype == "float32" and rng.random() < 0.5:
            array = array.cast(pa.float64())
        columns[column.name] = array
    pq.write_table(pa.table(columns), path, row_group_size=int(rng.integers(20, 400)))


def write_tfrecord(path: Path, rng: np.random.Generator, cells: dict[str, list], inputs: list[Input]) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples(cells, inputs, labels=True):
            writer.write(example)


def write_csv(path: Path, rng: np.random.Generator, cells: dict[str, list], inputs: list[Input]) -> None:
    """The cells as text; no list has more than one value."""
    rows = zip(*(map(_csv_cell, cells[column.name]) for column in inputs), strict=True)
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["click", *(column.name for column in inputs)])
        writer.writerows([number % 2, *row] for number, row in enumerate(rows))


def _csv_cell(cell: Any) -> Any:
    return ("" if cell == [] else cell[0]) if isinstance(cell, list) else cell


WRITERS = {"parquet": write_parquet, "tfrecord": write_tfrecord, "csv": write_csv}


def examples(cells: dict[str, list], inputs: list[Input], labels: bool) -> list[bytes]:
    """The rows as a client writes them: what has no value is left out, and stands as its mark among the values of a list."""
    import tensorflow as tf

    made = []
    for row in range(ROWS):
        example = tf.train.Example()
        if labels:
            example.features.feature["click"].int64_list.value.append(row % 2)
        for column in inputs:
            cell = cells[column.name][row]
            values = [] if cell is None else cell if isinstance(cell, list) else [cell]
            values = [column.missing if value is None else value for value in values]
            feature = example.features.feature[column.name] if values else None
            if feature is not None and column.dtype == "string":
                feature.bytes_list.value.extend(value.encode() for value in values)
            elif feature is not None:
                (feature.int64_list if column.dtype == "int64" else feature.float_list).value.extend(values)
        made.append(example.SerializeToString())
    return made


def client_values(cells: list[Any], column: Input) -> np.ndarray:
    """The cells as a client sends them to `serving_default`."""
    dtype = {"string": object, "int64": np.int64, "float32": np.float32}[column.dtype]
    if column.length is None:
        return np.array([column.missing if cell is None else cell for cell in cells], dtype)
    longest = column.length if column.name == "vec" else LONGEST
    lists = [[column.missing if value is None else value for value in cell or []] for cell in cells]
    return np.array([values + [column.missing] * (longest - len(values)) for values in lists], dtype)


def fitting(request: dict[str, np.ndarray], rejected: list[dict]) -> np.ndarray:
    """Which rows are fit for training: all but those with a negative weight among the weights that are read."""
    negative = (request["codes weight"][:, :5] < 0).any(axis=1)
    if len(rejected) != negative.sum() or any("a weight is negative" not in row["reason"] for row in rejected):
        raise FaultError(f"{negative.sum()} rows have a negative weight, but {len(rejected)} were rejected: {rejected[:5]}")
    return ~negative


def compare_ids(served, ids: dict[str, np.ndarray], rows: dict[str, np.ndarray]) -> None:
    """Ids and floats of training against those of the served model, feature by feature."""
    transformed, names = served.transform(rows), argument_names(list(ids))
    for name, expected in ids.items():
        values = transformed[names[name]].numpy().reshape(expected.shape)
        differ = ~np.isclose(values, expected, rtol=1e-6, atol=1e-6, equal_nan=True).all(axis=1)
        if differ.any():
            row = int(np.flatnonzero(differ)[0])
            raw = {column: rows[column][row].tolist() if rows[column].ndim > 1 else rows[column][row] for column in rows}
            raise FaultError(f"{name}: {expected[row]} in training, but {values[row]} in serving, of {differ.sum()}; {raw}")


def scores_of_ids(served, ids: dict[str, np.ndarray]) -> np.ndarray:
    """Scores of the ids of training."""
    import tensorflow as tf

    names = argument_names(list(ids))
    tensors = {names[n]: tf.constant(x, tf.float32 if x.dtype == np.float32 else tf.int64) for n, x in ids.items()}
    return np.asarray(served.signature("serving_ids")(**tensors)["score"])


def scores_of_examples(served, serialized: list[bytes]) -> np.ndarray:
    import tensorflow as tf

    return np.asarray(served.signature("serving_examples")(examples=tf.constant(serialized))["score"])


def _same(name: str, scores: np.ndarray, expected: np.ndarray) -> None:
    if scores.shape != expected.shape or not np.allclose(scores, expected, rtol=0, atol=TOLERANCE):
        raise FaultError(f"{name}: {scores.shape} scores differ from {expected.shape} by {np.abs(scores - expected).max()}")

"""The second pass on tables in memory, with the graph of a small job."""

import pyarrow as pa
import pytest

from features.codes import Categorical, Cross, Multivalued
from features.config import DataConfig
from features.feature import inputs_of
from features.graph import write_graph
from features.numbers import Dense, Numeric
from features.statistics import Statistics
from pipeline.preprocess.transform import TransformRows

FEATURES = [
    Categorical(name="c"),
    Numeric(name="n", encoding="value", standardise=False),
    Dense(name="v"),
    Multivalued(name="t", hash_buckets=5, weights="w", max_length=2),
    Cross(name="x", columns=["c", "d"], hash_buckets=7),
    Categorical(name="d", hash_buckets=9),
    Categorical(name="i"),
]
TYPES = {
    "c": pa.string(),
    "n": pa.float32(),
    "v": pa.list_(pa.float32(), 2),
    "t": pa.list_(pa.string()),
    "w": pa.list_(pa.float32()),
    "d": pa.string(),
    "i": pa.int64(),
}
INPUTS = inputs_of(FEATURES, TYPES)


@pytest.fixture(scope="module")
def transform(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    (folder / "c.txt").write_text("a\nb\n")
    (folder / "i.txt").write_text("12\n")
    sizes = {"c": 2, "i": 1}
    statistics = {f.name: Statistics(name=f.name, vocabulary_size=sizes.get(f.name, 0), length=2) for f in FEATURES}
    vocabularies = {name: str(folder / f"{name}.txt") for name in sizes}
    write_graph(FEATURES, INPUTS, statistics, vocabularies, str(folder / "graph"))
    rows = TransformRows(DataConfig(format="csv", train="x", label="y", weight="z"), FEATURES, INPUTS, str(folder / "graph"))
    rows.setup()
    return rows


def test_columns_are_ids_and_floats_in_the_order_of_the_features(transform):
    def fixed(values, kind):
        return pa.FixedSizeListArray.from_arrays(pa.array(values, kind), 2)

    table = pa.table(
        {
            "c": pa.array(["b", "", "b"]).dictionary_encode(),
            "n": pa.array([1.5, None, 3.0], pa.float32()).fill_null(float("nan")),
            "v": fixed([1, 2, 3, 4, 5, 6], pa.float32()),
            "t": fixed(["p", "q", "p", "", "", ""], pa.string()),
            "w": fixed([0.5, 1, 2, float("nan"), float("nan"), float("nan")], pa.float32()),
            "d": pa.array(["e", "e", "f"]).dictionary_encode(),
            "i": pa.array([12, 13, 12]).dictionary_encode(),
            "y": pa.array([0.0, 1.0, 1.0], pa.float32()),
            "z": pa.array([1.0, 2.0, 3.0], pa.float32()),
        }
    )
    out = transform.transform(table)
    assert out.column_names == ["c", "n", "v", "t", "t.weights", "x", "d", "i", "y", "z"]
    assert out["c"].to_pylist() == [4, 1, 4]
    assert out["i"].to_pylist() == [3, 2, 3]
    assert out["c"].type == pa.int32()
    assert out["n"].to_pylist() == [[1.5, 0.0], [0.0, 1.0], [3.0, 0.0]]
    assert out["v"].to_pylist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    tags = out["t"].to_pylist()
    assert tags[0][0] == tags[1][0] >= 2
    assert (tags[1][1], tags[2]) == (0, [1, 0])
    assert out["t.weights"].to_pylist() == [[0.5, 1.0], [2.0, 0.0], [0.0, 0.0]]
    assert out["x"].to_pylist()[1] == 1
    assert out["d"].to_pylist()[0] == out["d"].to_pylist()[1]
    assert (out["y"].to_pylist(), out["z"].to_pylist()) == ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0])


def test_codes_go_through_the_graph_once_a_value_unless_a_cross_reads_them(transform):
    assert transform.by_value == {"i"}

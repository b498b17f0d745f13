import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from features.config.data import DataConfig
from features.errors import DataError
from features.inputs import MISSING_INT, Input
from pipeline.raw import tfrecord
from pipeline.raw.piece import Piece, RawFile
from pipeline.raw.read import first_rows, read

INPUTS = [Input("label", "float32"), Input("id", "int64"), Input("c", "string"), Input("tags", "string", 3)]


def example(label, id=None, c=None, tags=()):
    def texts(values):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))

    fields = {"label": tf.train.Feature(float_list=tf.train.FloatList(value=[label])), "tags": texts(tags)}
    if id is not None:
        fields["id"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[id]))
    if c is not None:
        fields["c"] = texts([c])
    return tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()


def write(path, records, compression=""):
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


def read_all(path, inputs=INPUTS):
    config = DataConfig(format="tfrecord", train=str(path), label="label")
    parts = list(read(config, inputs, Piece(str(path), 0, -1)))
    return [row for part in parts for row in part.table.to_pylist()], [r for part in parts for r in part.rejected]


RECORDS = [example(1, 7, "x", ["a", "b", "c", "d"]), example(0), example(1, -2, "é", ["e"])]
ROWS = [
    {"label": 1.0, "id": 7, "c": "x", "tags": ["a", "b", "c"]},
    {"label": 0.0, "id": MISSING_INT, "c": "", "tags": ["", "", ""]},
    {"label": 1.0, "id": -2, "c": "é", "tags": ["e", "", ""]},
]


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_examples_become_columns(tmp_path, compression):
    path = write(tmp_path / ("a.gz" if compression else "a"), RECORDS, compression)
    assert read_all(path) == (ROWS, [])


def test_batches_of_any_size_give_every_example_once(tmp_path, monkeypatch):
    path = write(tmp_path / "a", [example(row % 2, row) for row in range(200)])
    for size in (1, 37, 1000):
        monkeypatch.setattr(tfrecord, "PIECE_BYTES", size)
        rows, rejected = read_all(path)
        assert [row["id"] for row in rows] == list(range(200))
        assert not rejected


def test_types_come_from_the_values(tmp_path):
    config = DataConfig(format="tfrecord", train="a", label="label")
    types = dict(tfrecord.columns(config, str(write(tmp_path / "a", RECORDS))))
    assert types == {"label": pa.float32(), "id": pa.int64(), "c": pa.string(), "tags": pa.list_(pa.string())}


def test_what_is_no_example_or_does_not_fit_is_rejected(tmp_path):
    two = tf.train.Feature(int64_list=tf.train.Int64List(value=[1, 2]))
    one = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))
    twice = tf.train.Example(features=tf.train.Features(feature={"id": two, "label": one})).SerializeToString()
    rows, rejected = read_all(write(tmp_path / "a", [RECORDS[0], b"\xff\xff", twice, example(3, 1), *RECORDS[1:]]))
    assert rows == ROWS
    expected = {b"\xff\xff": "not a tf.Example", twice: "column 'id': several values where one is expected"}
    expected[example(3, 1)] = "column 'label': the label is not 0 or 1 (see data.positive)"
    assert {r.row: r.reason for r in rejected} == expected
    content = (tmp_path / "a").read_bytes()
    assert all(content[r.offset + 12 :].startswith(r.row) for r in rejected)


def test_damaged_files_are_named(tmp_path):
    content = write(tmp_path / "a", RECORDS).read_bytes()
    (tmp_path / "cut").write_bytes(content[:-5])
    with pytest.raises(DataError, match=r"cut: cannot be read as tfrecord: the record at offset .* is cut short"):
        read_all(tmp_path / "cut")
    spoiled = np.frombuffer(content, np.uint8).copy()
    spoiled[20] ^= 1
    (tmp_path / "spoiled").write_bytes(spoiled.tobytes())
    with pytest.raises(DataError, match=r"spoiled: .*the record at offset 0 does not match its checksum"):
        read_all(tmp_path / "spoiled")
    (tmp_path / "other").write_bytes(b"label,n,c\n1,2,x and more text\n")
    with pytest.raises(DataError, match=r"other: .*no TFRecord at offset 0"):
        read_all(tmp_path / "other")


def test_rows_are_estimated_from_the_size_of_the_first_records(tmp_path, monkeypatch):
    path = write(tmp_path / "a", [example(1, 7, "x")] * 500)
    monkeypatch.setattr(tfrecord, "_LOOKED_AT", 1000)
    config = DataConfig(format="tfrecord", train=str(path), label="label")
    assert tfrecord.estimate_rows(config, RawFile(str(path), path.stat().st_size, 0.0)) == 500


def test_first_rows_have_single_values_and_texts(tmp_path):
    path = write(tmp_path / "a", RECORDS)
    table, rejected = first_rows(DataConfig(format="tfrecord", train=str(path), label="label"), str(path), 2)
    assert rejected == 0
    assert table.to_pylist() == [
        {"label": 1.0, "id": 7, "c": "x", "tags": ["a", "b", "c", "d"]},
        {"label": 0.0, "id": None, "c": None, "tags": []},
    ]


def test_bad_examples_are_rejected_wherever_they_stand(tmp_path):
    other = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"1.0"]))
    id_ = tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))
    typed = tf.train.Example(features=tf.train.Features(feature={"label": other, "id": id_})).SerializeToString()
    good = [example(row % 2, row, "x") for row in range(50)]
    for bad in ([0], [49], [0, 1, 2], [20, 30]):
        records = list(good)
        for row in bad:
            records[row] = b"\xff\xff"
        records[10] = typed
        path = write(tmp_path / "a", records)
        config = DataConfig(format="tfrecord", train=str(path), label="label")
        types = dict(tfrecord.columns(config, str(path)))
        assert types == {"label": pa.float32(), "id": pa.int64(), "c": pa.string(), "tags": pa.string()}
        rows, rejected = read_all(path, INPUTS[:3])
        assert [row["id"] for row in rows] == [row for row in range(50) if row not in [*bad, 10]]
        assert {record.row: record.reason for record in rejected} == {
            b"\xff\xff": "not a tf.Example",
            typed: "a feature has another type than in the first tf.Example with it",
        }
        assert len(rejected) == len(bad) + 1


def test_a_file_without_records_has_no_columns_and_no_rows(tmp_path):
    path = write(tmp_path / "a.gz", [], "GZIP")
    config = DataConfig(format="tfrecord", train=str(path), label="label")
    assert tfrecord.columns(config, str(path)) == []
    assert tfrecord.estimate_rows(config, RawFile(str(path), 20, 0.0)) == 0
    assert read_all(path) == ([], [])

import gzip
from typing import get_args

import pytest
import tensorflow as tf

from features.config.data import DataConfig
from features.errors import DataError
from pipeline.raw import delimited, parquet, tfrecord
from pipeline.raw.format import Format
from pipeline.raw.formats import FORMATS, has_known_suffix, recognise
from tests.pipeline.raw.raw_files import write, write_parquet


def test_every_format_of_the_config_is_in_the_table_and_fulfils_the_protocol():
    assert set(FORMATS) == set(get_args(DataConfig.model_fields["format"].annotation))
    wanted = {name for name in vars(Format) if not name.startswith("_")} | set(Format.__annotations__)
    assert wanted == {
        "SUFFIXES",
        "COLUMNS_MAY_LACK",
        "HAS_ENCODING",
        "recognises",
        "columns",
        "cut",
        "end",
        "tables",
        "estimate_rows",
    }
    for name, form in FORMATS.items():
        assert not wanted - set(dir(form)), name


def test_files_are_recognised_by_their_first_bytes(tmp_path):
    write_parquet(tmp_path / "a", n=[1, 2, 3])
    assert recognise(str(tmp_path / "a")) is parquet
    with tf.io.TFRecordWriter(str(tmp_path / "b")) as writer:
        writer.write(b"record")
    assert recognise(str(tmp_path / "b")) is tfrecord
    write(tmp_path / "b.gz", gzip.compress((tmp_path / "b").read_bytes()))
    assert recognise(str(tmp_path / "b.gz")) is tfrecord
    assert recognise(str(write(tmp_path / "c.gz", gzip.compress(b"a,b\n")))) is delimited
    assert recognise(str(write(tmp_path / "d", b"a"))) is delimited


def test_archives_are_refused_with_a_remedy(tmp_path):
    for content in (b"PK\x03\x04rest", gzip.compress(b"a,b\n")):
        with pytest.raises(DataError, match=r"a\.csv: is an archive, or compressed though .* end in \.gz, \.bz2, \.zst"):
            recognise(str(write(tmp_path / "a.csv", content)))


def test_suffixes_of_all_formats_with_and_without_compression():
    for name in ("a.csv", "a.tsv.gz", "a.txt.bz2", "a.pq", "a.parquet", "a.tfrecord", "a.tfrecords.gz", "a.csv.zst"):
        assert has_known_suffix(name), name
    for name in ("a", "a.csv.zip", "_SUCCESS", "a.gz", "csv"):
        assert not has_known_suffix(name), name

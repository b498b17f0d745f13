import bz2
import gzip

import pyarrow as pa
import pytest

from pipeline.raw.compression import estimate_size, open_decompressed, strip_suffix
from tests.pipeline.raw.raw_files import write

TEXT = b"a,b\n" * 1000
ZSTD = pa.compress(TEXT, "zstd", asbytes=True)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [("", TEXT), (".gz", gzip.compress(TEXT, mtime=0)), (".bz2", bz2.compress(TEXT)), (".zst", ZSTD)],
    ids=["plain", "gzip", "bzip2", "zstd"],
)
def test_content_is_the_same_with_every_compression(tmp_path, suffix, content):
    path = str(write(tmp_path / f"a.csv{suffix}", content))
    with open_decompressed(path) as source:
        assert source.read(10_000) == TEXT
    assert strip_suffix(path) == str(tmp_path / "a.csv")
    assert estimate_size(path, len(content)) == (4 if suffix else 1) * len(content)


def test_two_gzip_files_in_one_are_both_read(tmp_path):
    path = write(tmp_path / "a.gz", gzip.compress(TEXT) + gzip.compress(TEXT))
    with open_decompressed(str(path)) as source:
        assert source.read(10_000) == TEXT + TEXT


def test_a_file_that_is_cut_short_is_an_error(tmp_path):
    path = write(tmp_path / "a.gz", gzip.compress(TEXT)[:-9])
    with open_decompressed(str(path)) as source, pytest.raises(OSError, match="Truncated"):
        source.read(10_000)

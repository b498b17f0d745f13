"""The transformed folder: where what lies in it, and views of it with shorter vocabularies."""

import pyarrow.parquet as pq
import pytest

from features.codes import Categorical
from features.encoding import Encoding
from features.errors import DataError
from features.inputs import Input
from features.manifest import Manifest, PartFile, RejectCounts, ResolvedFeatures, SplitFiles
from features.numbers import Numeric
from features.statistics import Statistics, StatisticsDocument
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from tests.pipeline.dataset.small_folder import columns

FEATURES = [Categorical(name="brand"), Categorical(name="shop"), Numeric(name="price", buckets=8)]
ENCODINGS = [Encoding("brand", 13), Encoding("shop", 23), Encoding("price", 10)]
SIZES = {"brand": 10, "shop": 20}  # three ids stand before a vocabulary: padding, missing, out of the vocabulary


@pytest.fixture
def data(tmp_path) -> Transformed:
    """A folder of two features with vocabularies and one without; 200 train rows in two files, 50 validation rows."""
    data = Transformed(str(tmp_path))
    splits = {}
    for split, rows in (("train", (120, 80)), ("validation", (50,))):
        (tmp_path / split).mkdir()
        parts = [PartFile(file=f"{split}/part-{n}.parquet", rows=size, sha256="") for n, size in enumerate(rows)]
        for part in parts:
            pq.write_table(columns(0, part.rows), tmp_path / part.file, row_group_size=100)
        splits[split] = SplitFiles(rows=sum(rows), files=parts)
    rejected = RejectCounts(rows=250, reasons={}, examples={})
    files.write_document(data.manifest_file, Manifest(splits=splits, raw_files=[], rejected=rejected))
    inputs = [Input("brand", "string"), Input("shop", "string"), Input("price", "float32")]
    resolved = ResolvedFeatures(label="label", weight=None, inputs=inputs, features=FEATURES, encodings=ENCODINGS)
    files.write_document(data.features_file, resolved)
    statistics = [Statistics(name=feature.name, vocabulary_size=SIZES.get(feature.name, 0)) for feature in FEATURES]
    files.write_document(data.statistics_file, StatisticsDocument(features=statistics))
    (tmp_path / "vocabulary").mkdir()
    for name, size in SIZES.items():
        (tmp_path / "vocabulary" / f"{name}.txt").write_text("".join(f"{name} {n}\n" for n in range(size)))
    return data


def test_documents_are_read_by_name(data):
    assert data.features == FEATURES
    assert data.encodings == ENCODINGS
    assert [column.name for column in data.inputs] == ["brand", "shop", "price"]
    assert {name: statistics.vocabulary_size for name, statistics in data.statistics.items()} == {**SIZES, "price": 0}
    assert data.subset(["price", "brand"]) == [ENCODINGS[0], ENCODINGS[2]]


def test_splits_may_be_read_together(data):
    assert [data.rows(split) for split in ("train", "validation", "train+validation")] == [200, 50, 250]
    groups = data.row_groups("train+validation", ["brand"])
    assert [(group.path.removeprefix(data.folder), group.rows) for group in groups] == [
        ("/train/part-0.parquet", 100),
        ("/train/part-0.parquet", 20),
        ("/train/part-1.parquet", 80),
        ("/validation/part-0.parquet", 50),
    ]


def test_a_cut_view_says_so_everywhere_and_the_folder_stays_as_it_is(data):
    cut = data.cut({"brand": 8, "shop": 11, "absent": 3})
    assert [encoding.rows for encoding in cut.encodings] == [8, 11, 10]
    assert [getattr(feature, "max_size", None) for feature in cut.features] == [5, 8, None]
    assert [cut.statistics[name].vocabulary_size for name in ("brand", "shop", "price")] == [5, 8, 0]
    assert [encoding.rows for encoding in cut.cut({"shop": 9}).encodings] == [8, 9, 10]
    assert data.cut({"brand": 13, "price": 10}).encodings == Transformed(data.folder).encodings == ENCODINGS


def test_what_has_no_vocabulary_cannot_be_cut(data):
    with pytest.raises(DataError, match="'price' has 10 rows and cannot be cut to 5; run `winnow preprocess` again"):
        data.cut({"price": 5})


def test_a_vocabulary_is_written_as_far_as_it_is_known(data, tmp_path):
    brand = data.features[0]
    data.write_vocabulary(brand, str(tmp_path / "whole.txt"))
    assert (tmp_path / "whole.txt").read_text() == "".join(f"brand {n}\n" for n in range(10))
    data.cut({"brand": 5}).write_vocabulary(brand, str(tmp_path / "cut.txt"))
    assert (tmp_path / "cut.txt").read_text() == "brand 0\nbrand 1\n"


def test_a_folder_that_is_none_is_named(tmp_path):
    absent = Transformed(str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"not a transformed folder, .*manifest\.json is absent; run `winnow preprocess`"):
        absent.rows("train")
    with pytest.raises(DataError, match=r"features\.json is absent"):
        _ = absent.encodings

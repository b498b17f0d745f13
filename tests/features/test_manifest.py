"""The documents of a transformed folder: their text to the byte."""

import pytest

from features.codes import Categorical
from features.encoding import Encoding
from features.errors import DataError
from features.inputs import Input
from features.manifest import Manifest, PartFile, RawFileRows, RejectCounts, ResolvedFeatures, SplitFiles
from features.numbers import Numeric

REJECTED = RejectCounts(rows=12, reasons={"3 columns instead of 2": 2}, examples={"3 columns instead of 2": ("a.csv", 70)})
MANIFEST = Manifest(
    splits={"train": SplitFiles(rows=10, files=[PartFile(file="train/part-0.parquet", rows=10, sha256="ab")])},
    rejected=REJECTED,
    raw_files=[RawFileRows(file="a.csv", split="train", rows=12, read=10, rejected=2)],
)
TEXT = """{
 "splits": {
  "train": {
   "rows": 10,
   "files": [
    {
     "file": "train/part-0.parquet",
     "rows": 10,
     "sha256": "ab"
    }
   ]
  }
 },
 "raw_files": [
  {
   "file": "a.csv",
   "split": "train",
   "rows": 12,
   "read": 10,
   "rejected": 2
  }
 ],
 "rejected": {
  "rows": 12,
  "reasons": {
   "3 columns instead of 2": 2
  },
  "examples": {
   "3 columns instead of 2": [
    "a.csv",
    70
   ]
  }
 }
}
"""


def test_a_manifest_is_the_same_bytes_when_it_is_written_again():
    assert MANIFEST.to_json() == TEXT
    assert Manifest.from_json(TEXT, "manifest.json") == MANIFEST


def test_resolved_features_come_back_as_the_classes_of_their_kinds():
    features = [Categorical(name="a", min_count=2), Numeric(name="n", encoding="value", clip=(0.0, 5.0))]
    inputs = [Input("a", "string"), Input("n", "float32")]
    resolved = ResolvedFeatures(
        label="click", weight=None, inputs=inputs, features=features, encodings=[Encoding("a", 12), Encoding("n", 0)]
    )
    text = resolved.to_json()
    again = ResolvedFeatures.from_json(text, "features.json")
    assert again == resolved
    assert [type(feature) for feature in again.features] == [Categorical, Numeric]
    assert again.encodings == [Encoding("a", 12), Encoding("n", 0)]
    assert again.to_json() == text


def test_a_field_that_is_unknown_or_missing_is_named():
    with pytest.raises(DataError, match=r"manifest\.json: splits\.train\.files\.0\.bytes: Extra inputs are not permitted"):
        Manifest.from_json(TEXT.replace('"sha256": "ab"', '"sha256": "ab", "bytes": 5'), "manifest.json")
    with pytest.raises(DataError, match=r"manifest\.json: splits\.train\.files\.0\.sha256: Field required"):
        Manifest.from_json(TEXT.replace(',\n     "sha256": "ab"', ""), "manifest.json")

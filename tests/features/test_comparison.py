"""The document of a comparison of methods: its text to the byte."""

import pytest

from features.comparison import ComparedMethod, ComparedPoint, Comparison
from features.errors import DataError

POINT = ComparedPoint(features=2, bytes=320, auc=0.75, interval=(0.7, 0.8), by_seed=[0.7, 0.8])
FULL = POINT.model_copy(update={"features": 9})
METHOD = ComparedMethod(seconds=1.5, spearman=None, mean_auc=0.75, curve=[POINT], orders=[["a", "b"]])
COMPARISON = Comparison(split="test", seeds=1, full=FULL, methods={"lasso": METHOD})
TEXT = """{
 "split": "test",
 "seeds": 1,
 "full": {
  "features": 9,
  "bytes": 320,
  "auc": 0.75,
  "interval": [
   0.7,
   0.8
  ],
  "by_seed": [
   0.7,
   0.8
  ]
 },
 "methods": {
  "lasso": {
   "seconds": 1.5,
   "spearman": null,
   "mean_auc": 0.75,
   "curve": [
    {
     "features": 2,
     "bytes": 320,
     "auc": 0.75,
     "interval": [
      0.7,
      0.8
     ],
     "by_seed": [
      0.7,
      0.8
     ]
    }
   ],
   "orders": [
    [
     "a",
     "b"
    ]
   ]
  }
 }
}
"""


def test_a_comparison_is_the_same_bytes_when_it_is_written_again():
    assert COMPARISON.to_json() == TEXT
    assert Comparison.from_json(TEXT, "compare.json") == COMPARISON


def test_a_field_that_is_unknown_or_of_another_type_is_named():
    with pytest.raises(DataError, match=r"compare\.json: methods\.lasso\.picture: Extra inputs are not permitted"):
        Comparison.from_json(TEXT.replace('"spearman": null', '"spearman": null, "picture": ""'), "compare.json")
    with pytest.raises(DataError, match=r"compare\.json: seeds: Input should be a valid integer"):
        Comparison.from_json(TEXT.replace('"seeds": 1,', '"seeds": 1.5,'), "compare.json")

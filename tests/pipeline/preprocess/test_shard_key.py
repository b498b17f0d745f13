"""The cache key of a parsed shard: every field of the config is in it, or said not to matter."""

import pytest

from features.codes import Categorical
from features.config.data import DataConfig, SplitConfig
from features.inputs import Input
from features.numbers import Numeric
from pipeline.preprocess.shard_key import UNPARSED_FIELDS, shard_key
from pipeline.raw.piece import Piece, RawFile, Shard

DATA = DataConfig(format="tsv", train="a", label="y")
FEATURES = [Categorical(name="c"), Numeric(name="n")]
INPUTS = [Input("c", "string"), Input("n", "float32")]
FILE = RawFile("a", 10, 1.0)
SHARD = Shard(FILE, "train", (Piece("a", 0, 10),))
KEY = shard_key("1", DATA, FEATURES, INPUTS, SHARD)


def key(version="1", features=FEATURES, inputs=INPUTS, shard=SHARD, **data):
    return shard_key(version, DATA.model_copy(update=data), features, inputs, shard)


def test_every_field_of_the_data_section_is_in_the_key_or_said_not_to_be():
    text = {"columns", "header", "delimiter", "quoted", "encoding"}
    parsed = text | {"format", "missing", "label", "positive", "unlabelled", "weight", "split"}
    message = "put a new field into one of the lists"
    assert DataConfig.model_fields.keys() == parsed | UNPARSED_FIELDS, message
    assert not parsed & UNPARSED_FIELDS


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"},
        {"features": [Categorical(name="c")]},
        {"features": [Categorical(name="c"), Numeric(name="n", encoding="value")]},
        {"inputs": [Input("c", "int64"), Input("n", "float32")]},
        {"shard": Shard(RawFile("a", 10, 2.0), "train", SHARD.pieces)},
        {"shard": Shard(FILE, "test", SHARD.pieces)},
        {"shard": Shard(FILE, "train", (Piece("a", 10, 20),))},
        {"format": "csv"},
        {"columns": ["c", "n", "y"]},
        {"header": False},
        {"delimiter": ";"},
        {"quoted": False},
        {"encoding": "latin1"},
        {"missing": ["NA"]},
        {"label": "z"},
        {"weight": "w"},
        {"positive": ["yes"]},
        {"unlabelled": "skip"},
        {"split": SplitConfig(validation=0.2)},
        {"validation": ["b"]},  # takes the validation rows from the train files
        {"test": ["b"]},
    ],
)
def test_what_changes_a_parsed_shard_changes_its_key(change):
    assert key(**change) != KEY


@pytest.mark.parametrize(
    "change",
    [
        {"features": [Categorical(name="c", min_count=9, max_size=5, group="g"), Numeric(name="n", buckets=3)]},
        {"train": ["a", "b"]},
        {"max_bad_ratio": 0.5},
        {"incremental": True},
        {"stable_ids": True},
    ],
)
def test_what_does_not_change_it_leaves_the_key(change):
    assert key(**change) == KEY
    assert key(validation=["b"]) == key(validation=["c", "d"])

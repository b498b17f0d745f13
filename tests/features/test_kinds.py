"""All kinds, as a table: encodings, what is counted, and the fields that a parsed shard does not depend on."""

import subprocess
import sys

import pydantic
import pytest

from features.codes import Categorical, Coded, Cross, Multivalued
from features.kinds import KINDS, AnyFeature
from features.numbers import LOG_SQUARE_BUCKETS, Dense, Numeric
from features.statistics import Statistics

FIGURES = Statistics(name="x", vocabulary_size=100, boundaries=[1.0, 2.0], length=7)
ONE_OF_EACH = [
    Numeric(name="x"),
    Categorical(name="x"),
    Multivalued(name="x"),
    Dense(name="x"),
    Cross(name="x", columns=["a", "b"], hash_buckets=4),
]


@pytest.mark.parametrize(
    ("feature", "rows", "length"),
    [
        (Categorical(name="x"), 103, 1),
        (Categorical(name="x", oov_buckets=5), 107, 1),
        (Categorical(name="x", hash_buckets=50), 52, 1),
        (Numeric(name="x", buckets=10), 5, 1),
        (Numeric(name="x", encoding="log_square"), 2 + LOG_SQUARE_BUCKETS, 1),
        (Numeric(name="x", encoding="value"), 0, 2),
        (Dense(name="x"), 0, 7),
        (Multivalued(name="x", max_length=4), 103, 4),
        (Cross(name="x", columns=["a", "b"], hash_buckets=30), 32, 1),
    ],
)
def test_rows_are_padding_missing_shared_ids_and_own_values(feature, rows, length):
    encoding = feature.encoding_of(FIGURES)
    assert (encoding.rows, encoding.length, encoding.embedded) == (rows, length, rows > 0)
    assert encoding.embedded == feature.embedded


def test_widths_groups_and_weights_enter_the_encoding():
    tags = Multivalued(name="x", width=3, group="g", weights="w").encoding_of(FIGURES)
    assert (tags.max_width, tags.group, tags.weighted) == (3, "g", True)
    vector = Dense(name="x", width=3, group="g").encoding_of(FIGURES)
    assert (vector.max_width, vector.group, vector.weighted) == (None, "g", False)


@pytest.mark.parametrize(
    ("feature", "size"),
    [
        (Categorical(name="x", min_count=4), 250),
        (Categorical(name="x", min_count=1, max_size=300), 300),
        (Categorical(name="x", hash_buckets=9), 0),
        (Multivalued(name="x", min_count=10, max_length=3), 300),
        (Numeric(name="x", buckets=64), 64),
        (Numeric(name="x", encoding="value"), 2),
        (Dense(name="x", max_length=5), 5),
        (Cross(name="x", columns=["a", "b"], hash_buckets=4), 0),
    ],
)
def test_sizes_are_bounded_by_the_rows(feature, size):
    assert feature.largest_size(1000) == size


@pytest.mark.parametrize(
    ("feature", "vocabulary", "cuttable", "boundaries", "constants", "operations"),
    [
        (Categorical(name="x"), True, True, False, (), "categorical, vocabulary"),
        (Categorical(name="x", oov_buckets=2), True, False, False, (), "categorical, vocabulary"),
        (Multivalued(name="x", hash_buckets=9), False, False, False, (), "multivalued, hashed"),
        (Numeric(name="x"), False, False, True, ("boundaries",), "numeric, buckets"),
        (Numeric(name="x", encoding="log_square"), False, False, False, (), "numeric, log_square"),
        (Numeric(name="x", encoding="value"), False, False, False, ("mean", "std"), "numeric, value"),
        (Dense(name="x"), False, False, False, (), "dense"),
        (Cross(name="x", columns=["a", "b"], hash_buckets=4), False, False, False, (), "cross, hashed"),
    ],
)
def test_what_a_feature_needs_of_the_train_rows(feature, vocabulary, cuttable, boundaries, constants, operations):
    assert (feature.has_vocabulary, feature.cuttable, feature.has_boundaries) == (vocabulary, cuttable, boundaries)
    assert (feature.constants, feature.serving_operations) == (constants, operations)


def test_a_document_holds_features_of_all_kinds():
    assert [type(feature) for feature in ONE_OF_EACH] == list(KINDS.values())
    written = pydantic.TypeAdapter(list[AnyFeature]).dump_json(ONE_OF_EACH)
    assert pydantic.TypeAdapter(list[AnyFeature]).validate_json(written) == ONE_OF_EACH


def test_every_field_of_a_kind_is_in_the_key_of_a_parsed_shard_or_said_not_to_be():
    common = {"width", "group", "source", "cost", "cost_per_column"}
    vocabulary = {"min_count", "max_size", "oov_buckets", "hash_buckets"}
    counted = {
        Numeric: {"name", "kind", "encoding", "clip", "log1p"},
        Categorical: {"name", "kind"},
        Multivalued: {"name", "kind", "separator", "max_length", "weights"},
        Dense: {"name", "kind", "separator", "max_length"},
        Cross: {"name", "kind", "columns"},
    }
    uncounted = {
        Numeric: common | {"buckets", "standardise"},
        Categorical: common | vocabulary,
        Multivalued: common | vocabulary,
        Dense: common,
        Cross: common | {"hash_buckets"},
    }
    for kind in KINDS.values():
        assert kind.uncounted_fields == uncounted[kind], kind
        assert kind.model_fields.keys() == counted[kind] | uncounted[kind], f"{kind}: put a new field into a list"
        assert not counted[kind] & uncounted[kind]
    assert Coded.uncounted_fields == common | vocabulary


def test_the_kinds_do_not_import_tensorflow():
    code = "import sys, features.config.rules; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

"""Partial figures: merged in any grouping, divided into buckets, and written to a file."""

import io
import math

import numpy as np
import pyarrow as pa
import pytest

from features.codes import Categorical
from features.errors import DataError
from features.numbers import Numeric
from pipeline.preprocess.analyze import analyze
from pipeline.preprocess.partial import Partial, in_buckets, merge, read_partials, write_partials
from pipeline.preprocess.row_keys import RowKeys
from pipeline.preprocess.vocabulary import finish, summarise
from pipeline.raw.hashing import mix
from tests.pipeline.preprocess.raw_columns import keys, table

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("buckets", [2, 7, 64])
def test_values_hashed_into_buckets_give_what_one_bucket_gives(buckets):
    feature = Categorical(name="c", min_count=2, max_size=300)
    shards = [table(c=[f"t{value}" if value else "" for value in RNG.zipf(1.3, 3000) % 5000]) for _ in range(3)]
    numbered = [RowKeys(mix(np.arange(3000 * n, 3000 * (n + 1), dtype=np.uint64))) for n in range(3)]
    partials = [analyze(feature, shard, keys_of_shard) for shard, keys_of_shard in zip(shards, numbered, strict=True)]
    whole = finish(feature, [summarise(feature, merge(partials))])
    parts: dict[int, list[Partial]] = {}
    for partial in partials:
        for bucket, part in in_buckets(feature, partial, buckets):
            parts.setdefault(bucket, []).append(part)
    assert len(parts) == buckets
    assert finish(feature, [summarise(feature, merge(part)) for part in parts.values()]) == whole


def test_merging_in_any_grouping_gives_the_same_figures_to_the_last_bit():
    feature = Numeric(name="n", encoding="value")
    parts = [analyze(feature, table(n=RNG.normal(1e6, 1, 500).astype(np.float32)), None) for _ in range(9)]
    one = finish(feature, [summarise(feature, merge(parts))])[0]
    nested = merge([merge([merge(parts[5:]), parts[0]]), merge(parts[1:5])])
    assert finish(feature, [summarise(feature, nested)])[0] == one


def test_partials_survive_their_file():
    words = analyze(Categorical(name="c"), table(c=["a", "b", "a", ""]), keys(4))
    numbers = analyze(Numeric(name="n"), table(n=np.float32([1.5, math.nan, -2])), keys(3))
    target = io.BytesIO()
    write_partials(target, [(("c", "train"), words), (("n", "test"), numbers)])
    back = dict(read_partials(target.getvalue(), "a.counts"))
    assert back == {("c", "train"): words, ("n", "test"): numbers}


def test_a_file_of_another_version_is_named():
    schema = pa.schema({"value": pa.string()}).with_metadata({"partial": '{"feature": "c"}'})
    target = io.BytesIO()
    with pa.ipc.new_stream(target, schema) as stream:
        stream.write_table(pa.table({"value": pa.array([], pa.string())}))
    with pytest.raises(DataError, match=r"a\.counts: split: Field required"):
        list(read_partials(target.getvalue(), "a.counts"))

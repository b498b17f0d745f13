"""Vocabularies and statistics out of merged counts."""

from features.codes import Categorical
from features.numbers import Dense
from pipeline.preprocess.analyze import analyze
from pipeline.preprocess.partial import Moments, Partial, table_of_counts
from pipeline.preprocess.vocabulary import finish, summarise
from tests.pipeline.preprocess.raw_columns import keys, table


def test_known_tokens_keep_their_places_and_new_ones_follow():
    feature = Categorical(name="c", min_count=2, max_size=5)
    summary = summarise(feature, analyze(feature, table(c=list("aaaabbbcccddee")), keys(14)))
    assert finish(feature, [summary], ["x", "c"])[1] == ["x", "c", "a", "b", "e"]


def test_moments_of_several_parts_are_those_of_all_numbers():
    import pyarrow as pa

    empty = table_of_counts(pa.array([], pa.int32()), [], None)
    parts = (Moments(2, 4, 10, 1, 3), Moments(1, 5, 25, 5, 5))  # of 1, 3 and 5
    statistics, vocabulary = finish(Dense(name="v"), [summarise(Dense(name="v"), Partial(empty, 1, moments=parts, length=3))])
    assert (statistics.mean, statistics.minimum, statistics.maximum) == (3.0, 1.0, 5.0)
    assert abs(statistics.std - (8 / 3) ** 0.5) < 1e-12
    assert (statistics.count, statistics.missing, statistics.length, vocabulary) == (3, 1, 3, [])


def test_a_feature_without_values_has_no_moments():
    import pyarrow as pa

    empty = table_of_counts(pa.array([], pa.int32()), [], None)
    statistics, _ = finish(Dense(name="v"), [summarise(Dense(name="v"), Partial(empty, 4))])
    assert (statistics.mean, statistics.std, statistics.minimum, statistics.count) == (None, None, None, 0)

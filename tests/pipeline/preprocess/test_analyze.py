import numpy as np
import pyarrow as pa
import pytest

from features.codes import Categorical, Cross, Multivalued
from features.inputs import MISSING_INT
from features.numbers import Dense, Numeric
from features.statistics import mark_duplicates
from pipeline.preprocess.analyze import analyze
from pipeline.preprocess.partial import merge
from pipeline.preprocess.row_keys import RowKeys
from pipeline.preprocess.vocabulary import finish, summarise
from pipeline.raw.hashing import mix

RNG = np.random.default_rng(7)


def keys(rows):
    return RowKeys(mix(np.arange(rows, dtype=np.uint64) + np.uint64(99)))


def table(**columns):
    arrays = {name: pa.array(values) for name, values in columns.items()}
    coded = (pa.types.is_string, pa.types.is_integer)
    return pa.table({n: a.dictionary_encode() if any(is_(a.type) for is_ in coded) else a for n, a in arrays.items()})


def statistics(feature, *tables):
    """Statistics and vocabulary of the rows of all tables."""
    parts, start = [], 0
    for part in tables:
        numbered = mix(np.arange(start, start + part.num_rows, dtype=np.uint64))
        parts.append(analyze(feature, part, RowKeys(numbered)))
        start += part.num_rows
    return finish(feature, [summarise(feature, merge(parts))])


def test_words_are_counted_and_the_vocabulary_is_in_tfts_order():
    words = ["b", "a", "", "c", "b", "a", "z", "é", "", "c", "b"]
    figures, vocabulary = statistics(Categorical(name="c", min_count=2), table(c=words))
    assert (figures.count, figures.missing, figures.distinct) == (9, 2, 5)
    assert figures.top == [("b", 3), ("a", 2), ("c", 2), ("z", 1), ("é", 1)]
    assert vocabulary == ["b", "c", "a"]
    assert statistics(Categorical(name="c", min_count=1), table(c=words))[1] == ["b", "c", "a", "é", "z"]
    assert statistics(Categorical(name="c", min_count=1, max_size=2), table(c=words))[1] == ["b", "c"]


def test_integers_are_counted_by_value_and_ordered_as_text():
    figures, vocabulary = statistics(Categorical(name="c", min_count=1), table(c=[10, 9, MISSING_INT, 10, -1]))
    assert (figures.count, figures.missing, figures.distinct) == (4, 1, 3)
    assert vocabulary == ["10", "9", "-1"]


def test_tokens_with_line_breaks_cannot_be_in_a_vocabulary_file():
    assert statistics(Categorical(name="c", min_count=1), table(c=["a\nb", "c\rd", "e"]))[1] == ["e"]


def test_moments_are_those_of_numpy_after_clip_and_log():
    x = RNG.lognormal(3, 2, 5000).astype(np.float32)
    x[::7] = np.nan
    feature = Numeric(name="n", encoding="value", clip=(1.0, 500.0), log1p=True)
    figures, _ = statistics(feature, table(n=x[:1700]), table(n=x[1700:]))
    expected = np.log1p(np.clip(x[~np.isnan(x)].astype(np.float64), 1, 500))
    assert (figures.count, figures.missing) == (len(expected), np.isnan(x).sum())
    assert figures.mean == pytest.approx(expected.mean(), rel=1e-12)
    assert figures.std == pytest.approx(expected.std(), rel=1e-10)
    assert (figures.minimum, figures.maximum) == (expected.min(), expected.max())


def test_quantile_boundaries_of_hundred_numbers():
    x = np.repeat(np.arange(100, dtype=np.float32), 3)
    figures, _ = statistics(Numeric(name="n", buckets=4), table(n=RNG.permutation(x)))
    assert figures.boundaries == [24.0, 49.0, 74.0]
    assert statistics(Numeric(name="n", buckets=4), table(n=np.float32([5] * 9)))[0].boundaries == []


def test_lists_count_their_elements_and_rows_without_any():
    listed = pa.FixedSizeListArray.from_arrays(pa.array(["a", "b", "", "", "a", ""]), 2)
    figures, vocabulary = statistics(Multivalued(name="t", min_count=1), pa.table({"t": listed}))
    assert (figures.count, figures.missing, figures.distinct, vocabulary) == (3, 1, 2, ["a", "b"])
    feature = Multivalued(name="t", min_count=1, separator="|", max_length=2)
    figures, vocabulary = statistics(feature, table(t=["a|b|c", "", "a"]))
    assert (figures.count, figures.missing, figures.distinct, vocabulary) == (3, 1, 2, ["a", "b"])


def test_crosses_are_missing_where_a_part_is():
    feature = Cross(name="x", columns=["a", "b"], hash_buckets=5)
    figures, _ = statistics(feature, table(a=["u", "u", "", "v", "u"], b=[1, 2, 1, MISSING_INT, 1]))
    assert (figures.count, figures.missing, figures.distinct) == (3, 2, 2)
    assert figures.top == [("u\x1f1", 2), ("u\x1f2", 1)]


def rows_of(*values):
    return [statistics(Categorical(name=str(n), min_count=1), table(**{str(n): v}))[0] for n, v in enumerate(values)]


def test_features_that_tell_the_same_rows_apart_are_duplicates_and_no_others():
    base = RNG.integers(0, 50, 4000)
    renamed = [f"v{value * 7}" for value in base]
    gaps = ["" if value == 3 else f"w{value}" for value in base]
    swapped = base.copy()
    rows = (int(np.flatnonzero(base == 1)[0]), int(np.flatnonzero(base == 2)[0]))
    swapped[list(rows)] = swapped[list(rows)[::-1]]
    merged = np.where(base == 4, 5, base)
    shuffled = RNG.permutation(base)
    marked = mark_duplicates(rows_of(base, renamed, gaps, swapped, merged, shuffled))
    assert [statistics_of_feature.duplicate_of for statistics_of_feature in marked] == [None, "0", "0", None, None, None]
    assert [statistics_of_feature.fault for statistics_of_feature in marked] == [
        None,
        "duplicate of 0",
        "duplicate of 0",
        None,
        None,
        None,
    ]


def test_numbers_and_ids_of_the_same_rows_are_duplicates():
    base = RNG.integers(0, 50, 1000)
    number = statistics(Numeric(name="n"), table(n=base.astype(np.float32)))[0]
    ids = statistics(Categorical(name="c"), table(c=base))[0]
    assert [statistics_of_feature.duplicate_of for statistics_of_feature in mark_duplicates([number, ids])] == [None, "n"]


def test_duplicates_are_found_over_partials_merged_in_any_order():
    left = RNG.integers(0, 40, 3000)
    right = [f"r{value}" for value in left]
    feature, other = Categorical(name="a"), Categorical(name="b")
    cut = [slice(0, 1000), slice(1000, 1100), slice(1100, 3000)]
    statistics_of_feature = []
    for name, values, order in ((feature, left.tolist(), 1), (other, right, -1)):
        parts = []
        for stretch in cut:
            numbered = RowKeys(mix(np.arange(stretch.start, stretch.stop, dtype=np.uint64)))
            parts.append(analyze(name, table(**{name.name: values[stretch]}), numbered))
        statistics_of_feature.append(finish(name, [summarise(name, merge(parts[::order]))])[0])
    assert statistics_of_feature[0].partition == statistics_of_feature[1].partition


def lists_of(*columns, **feature):
    listed_statistics = []
    for number, lists in enumerate(columns):
        column = pa.FixedSizeListArray.from_arrays(
            pa.array([value for statistics_of_feature in lists for value in statistics_of_feature], pa.string()), 3
        )
        statistics_of_feature = Multivalued(name=str(number), min_count=1, **feature)
        cut = [pa.table({str(number): column.slice(start, 700)}) for start in range(0, len(column), 700)]
        listed_statistics.append(statistics(statistics_of_feature, *cut)[0])
    return [statistics_of_feature.duplicate_of for statistics_of_feature in mark_duplicates(listed_statistics)]


def test_lists_whose_elements_are_in_the_same_rows_are_duplicates_and_no_others():
    base = [[f"a{value}" if value < 20 else "" for value in row] for row in RNG.integers(0, 24, (2000, 3))]
    renamed = [[f"b{value}" if value else "" for value in row] for row in base]
    reversed_ = [row[::-1] for row in base]
    one_less = [*base[:-1], ["", "", ""]] if any(base[-1]) else [["a1", "", ""], *base[1:]]
    merged = [["a4" if value == "a5" else value for value in row] for row in base]
    assert lists_of(base, renamed, reversed_, one_less, merged) == [None, "0", "0", None, None]
    assert lists_of(base, renamed, weights="w") == [None, None]


def test_lists_as_text_are_told_apart_as_the_lists_they_stand_for():
    texts = [f"a{row % 7}|a{row % 5 + 7}" if row % 11 else "" for row in range(500)]
    padded = [[*text.split("|"), "", ""][:3] if text else ["", "", ""] for text in texts]
    listed = pa.FixedSizeListArray.from_arrays(
        pa.array([value for statistics_of_feature in padded for value in statistics_of_feature]), 3
    )
    text = statistics(Multivalued(name="t", separator="|"), table(t=texts))[0]
    same = statistics(Multivalued(name="l"), pa.table({"l": listed}))[0]
    assert text.partition == same.partition
    assert text.partition is not None


def test_vectors_have_the_moments_of_all_their_elements():
    vectors = RNG.normal(2, 3, (600, 4)).astype(np.float32)
    vectors[:50] = np.nan
    vectors[70, 1] = np.nan
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4)
    feature = Dense(name="v")
    figures, vocabulary = statistics(feature, pa.table({"v": column.slice(0, 60)}), pa.table({"v": column.slice(60)}))
    assert (figures.count, figures.missing, figures.length, vocabulary) == (550 * 4 - 1, 50, 4, [])
    wanted = [call(vectors.astype(np.float64)) for call in (np.nanmean, np.nanstd, np.nanmin, np.nanmax)]
    np.testing.assert_allclose([figures.mean, figures.std, figures.minimum, figures.maximum], wanted, rtol=1e-12)
    assert figures.fault is None

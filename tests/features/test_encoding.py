import pytest

from features.encoding import Encoding
from features.feature import Feature


@pytest.mark.parametrize(
    ("feature", "size", "rows", "length"),
    [
        ({}, 100, 103, 1),
        ({"oov_buckets": 5}, 100, 107, 1),
        ({"hash_buckets": 50}, 0, 52, 1),
        ({"kind": "numeric", "buckets": 10}, 10, 12, 1),
        ({"kind": "numeric", "encoding": "value"}, 2, 0, 2),
        ({"kind": "dense"}, 7, 0, 7),
        ({"kind": "multivalued", "max_length": 4}, 9, 12, 4),
        ({"kind": "cross", "columns": ["a", "b"], "hash_buckets": 30}, 0, 32, 1),
    ],
)
def test_rows_are_padding_missing_buckets_and_vocabulary(feature, size, rows, length):
    encoding = Encoding.of(Feature(name="x", **feature), size)
    assert (encoding.rows, encoding.length, encoding.embedded) == (rows, length, rows > 0)


def test_widths_are_capped_by_the_feature_and_floats_bring_their_length():
    assert Encoding("a", rows=10).width(16) == 16
    assert Encoding("a", rows=10, max_width=4).width(16) == 4
    assert Encoding("a", rows=10, max_width=32).width(16) == 16
    assert Encoding("a", rows=0, length=7).width(16) == 7

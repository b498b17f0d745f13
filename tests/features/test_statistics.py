import json

import pytest

from features.errors import DataError
from features.statistics import Statistics, load_statistics, mark_duplicates


def test_statistics_survive_their_file(tmp_path):
    own = Statistics("a", count=3, missing=1, distinct=2, top=[("x", 2), ("y", 1)], vocabulary_size=2, partition="0f")
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps({"features": [own.to_dict()]}))
    assert load_statistics(path) == {"a": own}


@pytest.mark.parametrize("content", [None, "{", "{}", '{"features": [{"name": "a", "top": [], "unknown": 1}]}'])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "statistics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"statistics\.json: not a statistics file .* run `winnow preprocess` again"):
        load_statistics(path)


def test_a_feature_of_one_value_is_constant_unless_it_is_sometimes_missing():
    assert Statistics("a", count=5, distinct=1).fault == "constant"
    assert Statistics("a", count=0, missing=5).fault == "constant"
    assert Statistics("a", count=4, distinct=1, missing=1).fault is None
    assert Statistics("v", length=3).fault is None


def test_the_first_of_several_alike_is_kept_and_faulty_ones_are_no_originals():
    alike = [Statistics(name, count=10, distinct=3, partition="7") for name in "abc"]
    constant = [Statistics(name, count=10, distinct=1, partition="9") for name in "de"]
    other = Statistics("f", count=10, distinct=3, partition="8")
    unknown = [Statistics(name, count=10, distinct=3) for name in "gh"]
    marked = mark_duplicates([constant[0], *alike, constant[1], other, *unknown])
    assert [own.fault for own in marked] == [
        *("constant", None, "duplicate of a", "duplicate of a", "constant", None, None, None)
    ]

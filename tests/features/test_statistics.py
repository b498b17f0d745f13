import pytest

from features.errors import DataError
from features.statistics import Statistics, StatisticsDocument, mark_duplicates


def test_statistics_survive_their_file():
    statistics = Statistics(
        name="a", count=3, missing=1, distinct=2, top=[("x", 2), ("y", 1)], vocabulary_size=2, partition="0f"
    )
    document = StatisticsDocument(features=[statistics], splits={"test": [statistics]}, rejected={"ragged": 2})
    assert StatisticsDocument.from_json(document.to_json(), "statistics.json") == document
    assert document.by_name() == document.by_name("test") == {"a": statistics}
    assert document.by_name("validation") == {}


@pytest.mark.parametrize("content", ["{", "{}", '{"features": [{"name": "a", "top": [], "unknown": 1}]}'])
def test_a_damaged_file_is_named(content):
    with pytest.raises(DataError, match=r"^statistics\.json: .*delete its folder and run the stage again"):
        StatisticsDocument.from_json(content, "statistics.json")


def test_a_feature_of_one_value_is_constant_unless_it_is_sometimes_missing():
    assert Statistics(name="a", count=5, distinct=1).fault == "constant"
    assert Statistics(name="a", count=0, missing=5).fault == "constant"
    assert Statistics(name="a", count=4, distinct=1, missing=1).fault is None
    assert Statistics(name="v", length=3).fault is None


def test_the_first_of_several_alike_is_kept_and_faulty_ones_are_no_originals():
    alike = [Statistics(name=name, count=10, distinct=3, partition="7") for name in "abc"]
    constant = [Statistics(name=name, count=10, distinct=1, partition="9") for name in "de"]
    other = Statistics(name="f", count=10, distinct=3, partition="8")
    unknown = [Statistics(name=name, count=10, distinct=3) for name in "gh"]
    marked = mark_duplicates([constant[0], *alike, constant[1], other, *unknown])
    assert [statistics_of_feature.fault for statistics_of_feature in marked] == [
        *("constant", None, "duplicate of a", "duplicate of a", "constant", None, None, None)
    ]


def test_ids_that_hardly_repeat_are_near_unique_but_frequent_ones_are_not():
    assert Statistics(name="c", count=5000, distinct=4900, categorical=True).fault == "near-unique: 4,900 values in 5,000 rows"
    assert Statistics(name="user_id", count=94_784, distinct=21_184, categorical=True).fault is None
    assert Statistics(name="n", count=5000, distinct=4900).fault is None
    assert Statistics(name="c", count=900, distinct=900, categorical=True).fault is None

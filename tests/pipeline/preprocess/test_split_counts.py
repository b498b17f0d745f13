"""Rows and positives of splits: how they are said, warned of and refused."""

import pytest

from features.config.data import DataConfig
from features.errors import DataError
from features.manifest import SplitCounts
from pipeline.preprocess.split_counts import add_counts, check_counts, describe, warnings


def counts(**splits):
    return add_counts([{split: SplitCounts(rows=rows, positives=positives) for split, (rows, positives) in splits.items()}])


def data(split=None, **fields):
    return DataConfig.model_validate({"format": "csv", "train": "a", "label": "y", "split": split or {}} | fields)


def test_counts_of_shards_are_added_and_said():
    shards = [
        {"train": SplitCounts(rows=600, positives=7)},
        {"train": SplitCounts(rows=300, positives=20), "test": SplitCounts()},
    ]
    totals = add_counts(shards)
    assert totals["train"] == SplitCounts(rows=900, positives=27)
    assert totals["validation"] == totals["test"] == SplitCounts(rows=0, positives=0)
    assert describe(totals) == "train 900 rows, 27 positive (3.00%)"
    assert describe(counts(train=(9, 3), test=(4000, 1))) == (
        "train 9 rows, 3 positive (33.33%); test 4,000 rows, 1 positive (0.03%)"
    )


TIME = {"by": "time", "column": "ts", "validation_from": "2024-01-04", "test_from": "2024-01-05"}


@pytest.mark.parametrize(
    ("config", "missing", "message"),
    [
        (data(TIME), "test", "data.split.test_from: the test split has none of the 900 rows; look at the times in column 'ts'"),
        (data(TIME), "validation", "data.split.validation_from: the validation split has none of the 900 rows"),
        (data({"test": 0.01}), "test", "data.split.test: the test split has none of the 900 rows; raise the share"),
        (
            data({"by": "hash", "column": "u", "test": 0.01}),
            "test",
            "data.split.test: the test split has none of the 900 rows; raise the share, or take a column with more values",
        ),
        (
            data({"by": "column", "column": "part", "test_values": ["tset"]}),
            "test",
            "data.split.test_values: the test split has none of the 900 rows; look at the values of column 'part'",
        ),
        (data(test="b"), "test", "data.test: the test split has none of the 900 rows; name files that have good rows"),
    ],
)
def test_a_split_that_was_asked_for_and_is_empty_is_an_error(config, missing, message):
    splits = {"train": (300, 30), "validation": (300, 30), "test": (300, 30)} | {missing: (0, 0), "train": (600, 30)}
    with pytest.raises(DataError) as raised:
        check_counts(config, counts(**splits))
    assert str(raised.value).startswith(message)


def test_a_split_that_nobody_asked_for_may_be_empty():
    check_counts(data(), counts(train=(900, 30)))
    check_counts(data({"by": "column", "column": "part"}), counts(train=(900, 30)))
    check_counts(data({"by": "column", "column": "part", "test_values": []}), counts(train=(900, 30)))
    check_counts(data({"validation": 0}), counts(train=(900, 30)))


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": (0, 0), "test": (9, 3)}, "preprocess: the train split has no rows; look at data.train and data.split"),
        ({"train": (900, 0)}, "data.label: column 'y' is 0 in all 900 rows of the train split; nothing to learn"),
        ({"train": (900, 900)}, "data.label: column 'y' is 1 in all 900 rows of the train split; nothing to learn"),
        (
            {"train": (900, 30), "validation": (90, 3), "test": (2000, 0)},
            "data.label: column 'y' is 0 in all 2,000 rows of the test split, so that nothing can be measured on it; "
            "data.split.test_from: look at the times in column 'ts', and name an earlier one",
        ),
    ],
)
def test_labels_that_are_all_the_same_are_an_error(splits, message):
    with pytest.raises(DataError) as raised:
        check_counts(data(TIME), counts(**splits))
    assert str(raised.value) == message


def test_few_of_one_label_are_warned_of_with_what_they_are_worth():
    few = counts(train=(9000, 38), validation=(500, 404), test=(1000, 4))
    assert warnings(few) == [
        "38 positives in the 9,000 rows of the train split: too few to learn from; give it more rows",
        "96 negatives in the 500 rows of the validation split: any AUC over it is uncertain by 0.02; give it more rows",
        "4 positives in the 1,000 rows of the test split: any AUC over it is uncertain by 0.10; give it more rows",
    ]
    assert warnings(counts(train=(900, 100), test=(900, 800))) == []

"""The data section: values out of bounds, columns used twice over, and fields that would do nothing."""

import pydantic
import pytest

from features.config.data import DataConfig, SplitConfig

CSV = {"format": "csv", "train": "a.csv", "label": "click"}
TIME = {"by": "time", "column": "day"}


def message(model, fields):
    with pytest.raises(pydantic.ValidationError) as raised:
        model.model_validate(fields)
    problem = raised.value.errors()[0]
    return ".".join(map(str, problem["loc"])) + ": " + problem["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"by": "hash"}, ": a split by hash needs `column`; name the column that tells the split"),
        (TIME, ": a split by time needs `validation_from` or `test_from`"),
        ({"validation": 0.5, "test": 0.5}, ": `validation` and `test` leave no rows to train on; their sum must be below 1"),
        ({"seed": -3}, "seed: Input should be greater than or equal to 0"),
        ({"seed": 2**32}, "seed: Input should be less than or equal to 4294967295"),
        (
            {"by": "column", "column": "part", "validation_values": ["a", "b"], "test_values": ["b"]},
            ": 'b' is in `validation_values` and in `test_values`; leave it in one of them",
        ),
        (
            TIME | {"validation_from": "2024-01-08", "test_from": "2024-01-04"},
            ": `validation_from` (2024-01-08) is not before `test_from` (2024-01-04), which leaves no validation rows",
        ),
        (TIME | {"validation_from": 8, "test_from": 8}, ": `validation_from` (8.0) is not before `test_from` (8.0)"),
        ({"column": "day"}, ": `column` does nothing in a split by row; leave it out, or change `by`"),
        ({"test_from": 3}, ": `test_from` does nothing in a split by row"),
        (TIME | {"test_from": 3, "validation": 0.2}, ": `validation` does nothing in a split by time"),
        (TIME | {"test_from": 3, "seed": 2}, ": `seed` does nothing in a split by time"),
        ({"by": "column", "column": "part", "test": 0.2}, ": `test` does nothing in a split by column"),
        ({"by": "hash", "column": "user", "test_values": ["x"]}, ": `test_values` does nothing in a split by hash"),
    ],
)
def test_splits_that_cannot_be_are_refused(fields, expected):
    assert message(SplitConfig, fields).startswith(expected)


def test_a_split_may_have_no_values():
    split = SplitConfig(by="column", column="part", validation_values=[])
    assert (split.validation_values, split.test_values) == ([], ["test"])


@pytest.mark.parametrize("train", [5, True, {"a": "b"}, [7], [["a.csv"]]])
def test_paths_are_texts(train):
    assert message(DataConfig, CSV | {"train": train}).startswith("train")


def test_a_single_path_is_a_list_and_reads_the_environment(monkeypatch):
    monkeypatch.setenv("WHERE", "/logs")
    data = DataConfig.model_validate(CSV | {"train": "${WHERE}/a.csv", "test": ["b", "${ELSEWHERE:-c}"], "validation": None})
    assert (data.train, data.test, data.validation) == (["/logs/a.csv"], ["b", "c"], [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"train": []}, ": `train` names no files"),
        ({"train": "${NOT_SET_HERE}/x"}, "train.0: environment variable NOT_SET_HERE is not set; set it, or write"),
        ({"header": False}, ": files without a header need `columns`"),
        ({"columns": ["a"]}, ": `columns` does nothing beside a header; leave it out, or set `header: false`"),
        ({"delimiter": "é"}, "delimiter: 'é' cannot divide fields; give one ASCII character"),
        ({"delimiter": "\0"}, "delimiter: '\\x00' cannot divide fields"),
        ({"delimiter": "\n"}, "delimiter: '\\n' cannot divide fields"),
        ({"delimiter": ""}, "delimiter: '' cannot divide fields"),
        ({"delimiter": "||"}, "delimiter: '||' cannot divide fields"),
        ({"delimiter": '"'}, ": `delimiter` is the quote itself; set `quoted: false`, or give another one"),
        ({"format": "parquet", "delimiter": ";"}, ": `delimiter` does nothing in parquet files, which say it themselves"),
        ({"format": "tfrecord", "quoted": False}, ": `quoted` does nothing in tfrecord files"),
        ({"weight": "click"}, ": `weight` names the label's column, 'click'; name another one"),
        ({"split": {"by": "hash", "column": "click"}}, ": `split.column` names the label's column, 'click'"),
        ({"stable_ids": True}, ": `stable_ids` needs `incremental: true`"),
        ({"max_bad_ratio": 1.5}, "max_bad_ratio: Input should be less than or equal to 1"),
    ],
)
def test_data_that_cannot_be_read_is_refused(fields, expected):
    assert message(DataConfig, CSV | fields).startswith(expected)


@pytest.mark.parametrize(
    ("fields", "separator"),
    [({}, ","), ({"format": "tsv"}, "\t"), ({"delimiter": ";"}, ";"), ({"delimiter": '"', "quoted": False}, '"')],
)
def test_the_delimiter_in_force(fields, separator):
    assert DataConfig.model_validate(CSV | fields).separator == separator

"""Which rows retrained models learn from, and which score them."""

import pytest

from pipeline.selection.splits import Splits
from tests.pipeline.selection.folders import transformed_of


@pytest.mark.parametrize(
    ("rows", "include_validation", "expected"),
    [
        ({"validation": 100}, True, Splits("train", "validation")),
        ({"validation": 100, "test": 100}, True, Splits("train+validation", "test")),
        ({"validation": 100, "test": 100}, False, Splits("train", "test")),
    ],
)
def test_validation_rows_are_learnt_only_where_test_rows_score(config_of, tmp_path, rows, include_validation, expected):
    transformed = transformed_of(tmp_path, [], [], **rows)
    assert Splits.of(config_of(proof={"include_validation": include_validation}), transformed) == expected

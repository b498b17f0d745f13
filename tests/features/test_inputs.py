import math

import pyarrow as pa
import pytest

from features.errors import DataError
from features.inputs import MISSING_INT, Input, check_numbers


def test_missing_marks_and_arrow_types():
    assert Input("a", "string").missing == ""
    assert Input("a", "int64").missing == MISSING_INT == -(2**63)
    assert math.isnan(Input("a", "float32").missing)
    assert Input("a", "int64").arrow_type() == pa.int64()
    assert Input("a", "float32", 3).arrow_type() == pa.list_(pa.float32(), 3)


@pytest.mark.parametrize("kind", [None, pa.int8(), pa.bool_(), pa.string(), pa.null(), pa.list_(pa.float64())])
def test_numbers_may_be_texts_or_lists(kind):
    check_numbers("data.weight", "w", kind)


@pytest.mark.parametrize("kind", [pa.date32(), pa.duration("s"), pa.list_(pa.timestamp("s"))])
def test_what_is_no_number_is_named_with_its_reader(kind):
    with pytest.raises(DataError, match=r"^data\.weight: column 'w' is .*, where numbers are expected; write it as numbers$"):
        check_numbers("data.weight", "w", kind)

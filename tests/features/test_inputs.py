import math

import pyarrow as pa

from features.inputs import MISSING_INT, Input


def test_missing_marks_and_arrow_types():
    assert Input("a", "string").missing == ""
    assert Input("a", "int64").missing == MISSING_INT == -(2**63)
    assert math.isnan(Input("a", "float32").missing)
    assert Input("a", "int64").arrow_type() == pa.int64()
    assert Input("a", "float32", 3).arrow_type() == pa.list_(pa.float32(), 3)

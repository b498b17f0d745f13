"""The file of golden requests."""

import json

import numpy as np
import pytest

from features.errors import DataError
from features.inputs import MISSING_INT, Input
from pipeline.serving.golden_requests import GoldenRequests

INPUTS = [
    Input("é", "string"),
    Input("id", "int64"),
    Input("n", "float32"),
    Input("tags", "string", 2),
    Input("v", "float32", 2),
]
REQUEST = {
    "é": np.array(["a", ""], object),
    "id": np.array([MISSING_INT, 9_007_199_254_740_993]),
    "n": np.array([np.nan, 0.1], np.float32),
    "tags": np.array([["a", ""], ["b", "c"]], object),
    "v": np.array([[0.5, np.nan], [1.0, -1e6]], np.float32),
}
SCORES = np.array([0.25, 0.123456789], np.float32)


def test_what_is_written_is_read(tmp_path):
    GoldenRequests.of(REQUEST, SCORES).save(tmp_path / "golden.json")
    golden = GoldenRequests.load(tmp_path / "golden.json")
    request = golden.request(INPUTS)
    for name, values in REQUEST.items():
        np.testing.assert_array_equal(request[name], values)
        assert request[name].dtype == values.dtype
    np.testing.assert_array_equal(np.array(golden.scores, np.float32), SCORES)
    text = (tmp_path / "golden.json").read_text()
    assert text.count("\n") == len(INPUTS)  # a column a line
    assert json.loads(text)["columns"]["n"] == [None, pytest.approx(0.1)]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("tags", [["a", "b"], ["c"]], r"column 'tags' has shape \(2,\), not 2 lists of one length"),
        ("tags", [["a", "b"], ["c", 1]], "column 'tags' holds other values than text"),
        ("é", ["a", None], "column 'é' holds other values than text"),
        ("id", ["x", 1], "column 'id' is damaged"),
        ("id", [1.5, None], "column 'id' is damaged"),
        ("n", [0.1], r"column 'n' has shape \(1,\), not 2 values"),
        ("v", [0.1, 0.2], r"column 'v' has shape \(2,\), not 2 lists of one length"),
        ("é", {}, "columns.é"),
    ],
)
def test_damage_names_the_column_and_the_remedy(tmp_path, name, values, message):
    document = GoldenRequests.of(REQUEST, SCORES).model_dump()
    document["columns"][name] = values
    (tmp_path / "golden.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=f"{message}.*run"):
        GoldenRequests.load(tmp_path / "golden.json").request(INPUTS)


def test_an_absent_column_and_an_absent_file_are_named(tmp_path):
    golden = GoldenRequests(columns={}, scores=[])
    with pytest.raises(DataError, match="column 'é' is damaged"):
        golden.request(INPUTS)
    with pytest.raises(DataError, match=r"golden\.json: cannot be read .*winnow export"):
        GoldenRequests.load(tmp_path / "golden.json")
    (tmp_path / "golden.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(DataError, match="not a JSON document"):
        GoldenRequests.load(tmp_path / "golden.json")

"""What a proof retrains, and which points are one model."""

import pytest

from features.allocation import Allocation
from features.encoding import Encoding
from features.path import SearchPath
from features.selection import Kept, Selection, Spending
from features.statistics import Statistics
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.selection.candidates import Candidates
from pipeline.selection.contenders import contenders, is_thinned, twins
from pipeline.selection.keep_all import whole_path
from tests.pipeline.selection.folders import transformed_of

SPARSE = {"tower": {"units": [16], "block_sparsity": {"block": 4}}}


@pytest.fixture
def transformed(tmp_path):
    """Three features, of which `leak` is excluded."""
    encodings = [Encoding("a", 20), Encoding("leak", 4), Encoding("b", 5)]
    statistics = [Statistics(name=encoding.name, count=9, distinct=5) for encoding in encodings]
    return transformed_of(tmp_path / "work" / "transformed", encodings, statistics)


def selection(**rows: int) -> Selection:
    kept = [Kept(feature=name, round=1, attention=0.5, width=2, rows=count, bytes=8 * count) for name, count in rows.items()]
    cost = Spending(unit="features", limit=1, spent=1, full=2)
    return Selection(budget={"features": 1}, allocator="a", tried=[], kept=kept, dropped=[], bytes=1, full_bytes=2, cost=cost)


def test_full_model_pruned_model_and_further_points(config_of, transformed, tmp_path):
    config = config_of(exclude=["leak"], proof={"points": [2]})
    workspace = Workspace(str(tmp_path / "work"))
    path = whole_path(Candidates.of(config, transformed), 1)
    files.make_folder(workspace.folder("search"))
    files.write_document(files.join(workspace.folder("search"), "path.json"), SearchPath.model_validate(path.model_dump()))
    assert contenders(config, workspace, transformed, selection(a=12)) == {
        "full": Allocation({"a": 16, "b": 16}),
        "pruned": Allocation({"a": 2}, {"a": 12}),  # a table of 20 rows, cut
        "2 features": Allocation({"a": 16, "b": 16}),
    }


def test_a_thinned_tower_has_a_dense_point_beside_it(config_of, transformed, tmp_path):
    config = config_of(budget="all", model=SPARSE)
    allocations = contenders(config, Workspace(str(tmp_path)), transformed, selection(a=20))
    assert list(allocations) == ["full", "pruned", "dense pruned"]
    assert allocations["pruned"] == allocations["dense pruned"]
    assert [is_thinned(config, name) for name in allocations] == [False, True, False]
    assert twins(config, allocations) == {name: name for name in allocations}


def test_points_of_one_model_are_trained_once(config_of):
    allocations = {"full": Allocation({"a": 4}), "pruned": Allocation({"a": 4}), "other": Allocation({"a": 2})}
    assert twins(config_of(), allocations) == {"full": "full", "pruned": "full", "other": "other"}
    allocations["dense pruned"] = allocations["pruned"]
    expected = {"full": "full", "pruned": "pruned", "other": "other", "dense pruned": "full"}
    assert twins(config_of(model=SPARSE), allocations) == expected

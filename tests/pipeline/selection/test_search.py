"""The stage of the search: which files it leaves."""

import json
from pathlib import Path

import pytest

from pipeline.runtime.workspace import Workspace
from pipeline.selection.search import search
from tests.pipeline.selection.conftest import small_config


@pytest.mark.parametrize(
    ("selection", "written"),
    [
        ({"budget": "all"}, {"path.json"}),
        ({"method": "random"}, {"path.json"}),
        ({"method": "random", "budget": {"bytes": "10%"}}, {"path.json"}),  # widths are searched by the gate alone
    ],
)
def test_the_path_is_written_and_widths_only_where_the_gate_searches_them(small_folder, tmp_path, selection, written):
    search(small_config(small_folder, **selection), Workspace(str(small_folder / "work")), str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == written
    path = json.loads((tmp_path / "path.json").read_text())
    assert path["method"] == selection.get("method", "none")
    assert len(path["picks"]) == 5


def test_a_process_that_does_not_write_leaves_nothing(small_folder, tmp_path):
    workspace = Workspace(str(small_folder / "work"), writes=False)
    search(small_config(small_folder, method="random"), workspace, str(tmp_path))
    assert list(Path(tmp_path).iterdir()) == []

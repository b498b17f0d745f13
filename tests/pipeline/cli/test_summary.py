"""The closing table of a run, and the same as JSON values."""

import io

import pytest
from rich.console import Console

from features.errors import DataError
from pipeline.cli.summary import run_summary, tables
from pipeline.report.report import report
from tests.pipeline.report.small_run import CONFIG, ODD, documents, preprocessed, write


def summary_of(folder, contents):
    workspace = write(folder, contents)
    report(CONFIG, workspace, workspace.folder("report"))
    return run_summary(workspace.path)


def printed(summary) -> str:
    console = Console(width=120, file=io.StringIO())
    console.print(tables(summary))
    return console.file.getvalue()


def test_numbers_of_a_whole_run(tmp_path):
    summary = summary_of(tmp_path, documents()).model_dump(mode="json")
    assert summary == {
        "work_dir": str(tmp_path / "work"),
        "report": str(tmp_path / "work" / "report" / "index.html"),
        "model": str(tmp_path / "work" / "model"),
        "kept": [
            {"feature": ODD, "round": 1, "width": 2, "table_rows": 50, "kept_rows": 50, "bytes": 400},
            {"feature": "user", "round": 2, "width": 2, "table_rows": 100, "kept_rows": 100, "bytes": 800},
        ],
        "dropped": [{"feature": "hour", "reason": "not chosen"}, {"feature": "still", "reason": "constant"}],
        "split": "test",
        "latency_batch": 32,
        "models": {
            "full": {"features": 4, "bytes": 2624, "auc": 0.72, "log_loss": 0.6, "latency_us": 800.0},
            "pruned": {"features": 2, "bytes": 1200, "auc": 0.7164, "log_loss": 0.6, "latency_us": 200.0},
        },
    }


def test_the_table_tells_cut_vocabularies_and_kept_features(tmp_path):
    contents = documents()
    contents["selection/selection.json"]["kept"][0] |= {"round": 0, "rows": 20}
    contents["search/path.json"]["picks"][0] |= {"round": 0}
    lines = [line.split() for line in printed(summary_of(tmp_path, contents)).splitlines()]
    assert [ODD, "must", "2", "20", "of", "50", "400"] in lines
    assert ["pruned", "2", "1,200", "0.7164", "0.6000", "0.20", "ms"] in lines
    assert ["dropped:", "hour,", "still"] in lines


def test_names_are_no_markup(tmp_path):
    contents = documents()
    for file in ("selection/selection.json", "search/path.json", *preprocessed()):
        contents[file] = _renamed(contents[file], "user", "[red]x[/red]")
    assert "[red]x[/red]" in printed(summary_of(tmp_path, contents))


def test_without_a_proof_there_are_no_models(tmp_path):
    contents = documents()
    del contents["proof/proof.json"]
    summary = summary_of(tmp_path, contents)
    assert (summary.models, summary.split) == ({}, None)
    assert "report: " in printed(summary)


def test_an_absent_report_is_named(tmp_path):
    with pytest.raises(DataError, match=r"report\.json: cannot be read"):
        run_summary(str(tmp_path))


def _renamed(value, old, new):
    if isinstance(value, dict):
        return {_renamed(key, old, new): _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return new if value == old else value

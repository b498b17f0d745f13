"""The files of a report."""

import csv
import json

import pytest

from features.config import Config
from features.errors import DataError
from pipeline.report.figures import ReportFigures
from pipeline.report.report import report
from pipeline.runtime.workspace import Workspace
from tests.pipeline.report.small_run import CONFIG, Page, documents, preprocessed, write


@pytest.fixture
def out(tmp_path):
    """The report's folder."""
    report(CONFIG, write(tmp_path, documents()), str(tmp_path / "out"))
    return tmp_path / "out"


def test_csv_files_hold_the_rows_of_the_json(out):
    path = (out / "path.csv").read_text().splitlines()
    assert path[0] == (
        "round,feature,width,bytes,cumulative_bytes,attention,equal_shares,score,features,estimated_auc,estimated_log_loss,gain"
    )
    assert path[2] == "2,user,4,1600,2400,0.6,1.2,0.1,2,0.71,0.6,0.06"
    numbers = json.loads((out / "report.json").read_text())
    for name in ("features", "path", "proof"):
        with (out / f"{name}.csv").open(newline="") as source:
            rows = list(csv.DictReader(source))
        assert rows == [{k: "" if v is None else str(v) for k, v in row.items()} for row in numbers[name]]
    assert numbers["proof"][1]["auc_difference_low"] == pytest.approx(-0.004)


def test_the_json_is_read_back_as_it_was_written(out):
    text = (out / "report.json").read_text()
    assert ReportFigures.from_json(text, "report.json").to_json() == text
    assert "latency_us" in json.loads(text)["headline"]


def test_the_config_beside_the_page_makes_the_run_again(out):
    assert Config.load(out / "config.yaml") == CONFIG
    assert "winnow run config.yaml --force" in Page((out / "index.html").read_text()).words("provenance")


def test_same_input_same_page(out, tmp_path):
    report(CONFIG, Workspace(str(tmp_path / "work")), str(tmp_path / "again"))
    for file in out.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()
    assert not list(out.glob("*.partial"))


def test_stages_that_have_not_run_leave_no_table(tmp_path):
    report(CONFIG, write(tmp_path, preprocessed()), str(tmp_path / "out"))
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["config.yaml", "features.csv", "index.html", "report.json"]


def test_a_damaged_document_leaves_no_report(tmp_path):
    folder = write(tmp_path, documents())
    (tmp_path / "work" / "proof" / "proof.json").write_text('{"split": ')
    with pytest.raises(DataError, match=r"proof\.json: not a JSON document .* run the stage again"):
        report(CONFIG, folder, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()

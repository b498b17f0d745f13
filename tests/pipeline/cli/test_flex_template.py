"""The entry of the image: flags of Dataflow's launcher become a command line."""

import json
import re
import sys
from pathlib import Path

import pytest

from pipeline.cli import flex_template

ROOT = Path(__file__).parents[3]


def test_the_flex_template_makes_a_command_line(tmp_path):
    config = tmp_path / "bucket" / "criteo.yaml"
    config.parent.mkdir()
    config.write_text("name: criteo\n")
    flags = [f"--config={config}", "--set=work_dir=gs://b/w;data.train=gs://b/*.tsv", "--runner=DataflowRunner", "--job_name=j"]
    made = flex_template.arguments(flags, str(tmp_path))
    copy = tmp_path / "criteo.yaml"
    assert made[:4] == ["preprocess", str(copy), "--set=work_dir=gs://b/w", "--set=data.train=gs://b/*.tsv"]
    assert made[4:] == ["--", "--runner=DataflowRunner", "--job_name=j"]
    assert copy.read_text() == "name: criteo\n"
    with pytest.raises(SystemExit) as stopped:
        flex_template.arguments(["--config=/absent.yaml"], str(tmp_path))
    assert stopped.value.code == 2


def test_a_launch_from_a_template_says_that_it_cannot_work(tmp_path, capsys):
    with pytest.raises(SystemExit):
        flex_template.arguments(["--config=c.yaml", "--template_location=gs://b/graph"], str(tmp_path))
    assert "preprocessing is two jobs, and a Dataflow template holds one" in capsys.readouterr().err


def test_the_metadata_of_the_flex_template_name_its_parameters():
    document = json.loads((ROOT / "flex_template.json").read_text())
    assert [parameter["name"] for parameter in document["parameters"]] == ["config", "set", "sdk_container_image"]
    patterns = {parameter["name"]: parameter["regexes"][0] for parameter in document["parameters"][:2]}
    assert re.fullmatch(patterns["config"], "gs://b/criteo.yaml")
    assert not re.fullmatch(patterns["config"], "criteo.yaml")
    assert re.fullmatch(patterns["set"], "work_dir=gs://b/w;data.train=gs://b/d_*.gz")


def test_the_entry_runs_the_command_on_a_copy_that_is_gone_after(tmp_path, monkeypatch):
    config = tmp_path / "criteo.yaml"
    config.write_text("name: criteo\n")
    ran = []
    monkeypatch.setattr(sys, "argv", ["winnow-flex-template", f"--config={config}", "--runner=DataflowRunner"])
    monkeypatch.setattr(flex_template.app, "main", lambda: ran.append((sys.argv[1:], Path(sys.argv[2]).read_text())))
    flex_template.main()
    [(arguments, text)] = ran
    assert arguments == ["preprocess", arguments[1], "--", "--runner=DataflowRunner"]
    assert (Path(arguments[1]).name, text) == ("criteo.yaml", "name: criteo\n")
    assert not Path(arguments[1]).exists()

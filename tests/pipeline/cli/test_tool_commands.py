import json
from pathlib import Path

from features.config import Config
from features.config.json_schema import EDITOR_LINE, FILE, schema_text


def test_init_overwrites_no_config(call, small_job, tmp_path):
    small_job()
    code, _, err = call("init", tmp_path / "train.parquet", "-o", tmp_path / "small.yaml")
    assert (code, err) == (2, f"error: {tmp_path / 'small.yaml'} exists; name another file with --output\n")


def test_init_writes_its_draft_and_the_schema_that_the_draft_names(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{number % 2},{number % 7},x{number % 5}\n" for number in range(200))
    Path("clicks.csv").write_text("clicked,age,code\n" + rows)
    code, out, _ = call("init", "clicks.csv", "-o", "first try.yaml", "--json")
    assert code == 0
    assert json.loads(out)["label"] == "clicked"
    assert Path("first try.yaml").read_text().startswith(f"{EDITOR_LINE}\n# First config for clicks.csv")
    assert Path(FILE).read_text() == schema_text()
    assert Config.load("first try.yaml").name == "first_try"

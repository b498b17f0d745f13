"""Every command, link, YAML snippet and marked code block of README and docs."""

import contextlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pytest
import yaml

from features.config import Config
from features.config.yaml_file import apply_override
from pipeline.cli import program as cli
from tests.conftest import small_logs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUNNABLE = re.compile(r"<!-- run -->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
INLINE = re.compile(r"`((?:winnow|make) [^`\n]+)`")
MADE = ("work/", "winnow.yaml", "clicks.csv", "logs", "gs://", "/")  # what a reader makes, or names otherwise
PLACEHOLDER = re.compile(r"^(\.\.\.|[A-Z_]{2,}(\.\.\.)?|\$\{?\w+\}?.*)$")


def commands(page):
    """Command lines of the page: of its bash blocks, indented ones, and those within a line."""
    text = re.sub(r"\\\n\s*", "", page.read_text())
    lines = [line for kind, block in BLOCK.findall(text) if kind in ("bash", "sh") for line in block.splitlines()]
    lines += [line.strip() for line in BLOCK.sub("", text).splitlines() if line.startswith("    ")]
    lines = [re.split(r"\s&&\s", line)[-1] for line in lines]
    found = [re.sub(r"^([A-Z_]+=\S+ |\.venv/bin/)+", "", line) for line in lines] + INLINE.findall(text)
    return [line for line in found if line.startswith(("winnow ", "make "))]


def cases():
    return [
        pytest.param(page, line, id=f"{page.stem}: {line[:60]}") for page in PAGES for line in dict.fromkeys(commands(page))
    ]


def words(line):
    """The words of a command line, without its comment and its redirection."""
    return list(shlex.split(line.split(" > ")[0], comments=True))[1:]


@pytest.mark.parametrize(("page", "line"), cases())
def test_command_is_known(page, line):
    if line.startswith("make "):
        known = re.findall(r"^([\w-]+)(?::| \?=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word.partition("=")[0] for word in words(line)} <= set(known)
        return
    given = words(line)
    command, group = (name for name in given if not name.startswith("-")), None
    import typer

    group = typer.main.get_command(cli.app)
    name = next(command, None)
    shared = {option for own in group.params for option in own.opts}
    if name is None or PLACEHOLDER.match(name):
        assert set(given) <= shared | {name, "--help"}
        return
    context = typer.Context(group)
    found = group.get_command(context, name)
    assert found is not None, f"there is no command {name!r}"
    ours = given[: given.index("--")] if "--" in given else given
    assert "--" not in given or found.context_settings.get("allow_extra_args"), f"{name} takes nothing after --"
    known = shared | {option for own in found.params for option in own.opts} | {"--help"}
    unknown = [word for word in ours if word.startswith("-") and word.split("=")[0] not in known]
    assert not unknown, f"{name} has no {unknown}"
    for word in ours:
        if word.endswith(".yaml") and not word.startswith(MADE) and not any(word == other for other in _written(page)):
            assert (ROOT / word).exists(), f"{word} is not in the repository"
    for field, value in _overrides(ours):
        document = {"selection": {"budget": {"features": 1}}, "features": [{"match": "*"}], "name": "x", "work_dir": "x"}
        document["data"] = {"format": "csv", "train": "x", "label": "y"}
        with contextlib.suppress(StopIteration):
            _override(document, f"{field}={value}")
        Config.model_validate(document)


def _written(page):
    """Files that a command of the page writes."""
    return [
        given[n + 1]
        for line in commands(page)
        if (given := words(line))
        for n, word in enumerate(given[:-1])
        if word in ("-o", "--output")
    ]


def _overrides(given):
    return [given[n + 1].partition("=")[::2] for n, word in enumerate(given[:-1]) if word == "--set"]


def _override(document, text):
    apply_override(document, text, Config)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_relative_links_lead_somewhere(page):
    text = BLOCK.sub("", page.read_text())
    for link in LINK.findall(text):
        if not link.startswith(("http://", "https://", "mailto:", "#")):
            assert (page.parent / link.split("#")[0]).exists(), f"{page.name}: {link} leads nowhere"


def test_readme_leads_to_every_page():
    linked = {(ROOT / link).resolve() for link in LINK.findall((ROOT / "README.md").read_text())}
    assert {page.name for page in PAGES[1:] if page.resolve() not in linked} == set()


def test_files_that_contributing_names_are_there():
    paths = re.findall(
        r"`((?:features|models|pipeline|tests|configs|benchmarks)/[^`]*)`", (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_yaml_blocks_are_configs(page):
    """Snippets with `data` or `features` fit the config's models once what they leave out is added."""
    for kind, block in BLOCK.findall(page.read_text()):
        if kind != "yaml":
            continue
        document = yaml.safe_load(block)
        whole = {"name": "x", "work_dir": "x", "features": [{"match": "*"}], "selection": {"budget": {"features": 1}}}
        if not isinstance(document, dict) or not set(document) <= set(Config.model_fields):
            continue
        document["data"] = {"format": "csv", "train": "x", "label": "y"} | document.get("data", {})
        if "selection" in document:
            document["selection"] = {"budget": {"features": 1}} | document["selection"]
        Config.model_validate(whole | document)


@pytest.mark.parametrize(
    "code", [pytest.param(code, id=page.stem) for page in PAGES for code in RUNNABLE.findall(page.read_text())]
)
def test_runnable_code_runs(code, tmp_path):
    script = tmp_path / "block.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_quickstart_as_a_stranger_would(tmp_path, monkeypatch, winnow):
    """The page's own commands on a small CSV of the reader's, from drafting a config to a second budget."""
    monkeypatch.chdir(tmp_path)
    table = small_logs().rename_columns(["is_click", "good", "fine", "code", "noise", "number", "still"])
    pyarrow.csv.write_csv(table, "clicks.csv")
    lines = commands(ROOT / "docs" / "quickstart.md")
    small = [
        "model.embedding_width=4",
        "model.tower.units=[16]",
        "proof.seed_count=1",
        "proof.bootstrap_samples=20",
        "selection.epochs=1",
    ]
    done = []
    for line in lines:
        given = words(line)
        if line.startswith("make ") or "--label" in given or "auto" in line or "keep" in line or "bytes" in line:
            continue
        if given[0] == "run":
            given += [word for setting in small for word in ("--set", setting)]
        code, said = winnow(*[word.replace("features=8", "features=1") for word in given])
        assert code == 0, f"{line}: {said}"
        done.append(given[0])
    assert done.count("run") == 2
    assert {"init", "doctor", "prune"} <= set(done)
    assert Path("work/winnow/report/index.html").exists()
    assert "constant" in Path("winnow.yaml").read_text()

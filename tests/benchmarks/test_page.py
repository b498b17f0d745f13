import importlib.util
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The script, over a folder of its own."""
    spec = importlib.util.spec_from_file_location("page", BENCHMARKS / "page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(module, "HERE", folder)
    monkeypatch.setattr(module, "PAGE", tmp_path / "docs" / "benchmarks.md")
    return module


def script(page, name, code, options=""):
    (page.HERE / f"{name}.py").write_text(
        f'"""About {name}.\n\n    python benchmarks/{name}.py{options}      (a minute)\n"""\n{code}\n'
    )


def test_sections_are_made_kept_and_replaced(page):
    script(page, "fast", 'print("| way | rows/s |\\n| --- | --- |\\n| ours | 7 |")')
    script(page, "boxed", 'import sys; print("\\u2500\\u2500", sys.argv[1])', " --k 3 [--work FOLDER]")
    script(page, "broken", "raise SystemExit(3)")
    assert page.main([]) == 1
    sections = page.read(page.PAGE)
    assert list(sections) == ["boxed", "fast"]
    assert "About fast.\n\n    python benchmarks/fast.py\n\n" in sections["fast"]
    assert sections["fast"].endswith("s.\n\n| way | rows/s |\n| --- | --- |\n| ours | 7 |\n")
    assert "tensorflow 2." in sections["fast"]
    assert sections["boxed"].endswith("```text\n\u2500\u2500 --k\n```\n")

    script(page, "fast", 'print("| 8 |")')
    script(page, "boxed", "raise SystemExit(1)")
    assert page.main(["fast"]) == 0
    assert page.main(["boxed"]) == 1
    again = page.read(page.PAGE)
    assert again["fast"].endswith("| 8 |\n")
    assert again["boxed"] == sections["boxed"]


def test_every_benchmark_of_ours_says_how_it_is_run(page):
    import ast

    for path in BENCHMARKS.glob("[a-z]*.py"):
        command = page.command_of(ast.get_docstring(ast.parse(path.read_text()), clean=False) or "")
        assert command is not None, f"{path.name}: no command in its docstring"
        assert f"benchmarks/{path.name}" in command
        assert not {"[", "FOLDER"} & set(command.split()), command


def test_an_unknown_name_is_refused(page):
    with pytest.raises(SystemExit, match="no such benchmark: slow"):
        page.main(["slow"])

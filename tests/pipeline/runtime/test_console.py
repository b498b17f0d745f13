import io
import json

import pytest
from rich.console import Console

from pipeline.runtime import console as module
from pipeline.runtime.console import give, output, progress, say


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("quiet", "as_json"):
        monkeypatch.setattr(output, name, False)


def test_every_note_is_a_line_with_the_time_left_at_the_speed_since_the_first(capsys, monkeypatch):
    now = iter([0.0, 10.0, 20.0, 60.0, 70.0, 100.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    with progress("search", 10) as tick:
        tick(1, "picked a", auc=0.61234)
        tick(2, loss=0.5)  # not a note, and a line is only ten seconds old
        tick(6, rows_per_second=12_345.6)  # fifty seconds after the last line: one without a note
        tick(7, "picked b")
        tick(10, "picked c", auc=None)
    assert capsys.readouterr().err.splitlines() == [
        "search: 1/10 picked a, AUC 0.6123",
        "search: 6/10 12,346 rows/s, 00:40 left",
        "search: 7/10 picked b, 00:30 left",
        "search: 10/10 picked c",
    ]


def test_the_time_left_follows_the_share_of_the_time_where_one_is_given(capsys, monkeypatch):
    now = iter([0.0, 0.0, 50.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    with progress("search", 3) as tick:
        tick(0, "begun", share=0.0)
        tick(1, "picked a", share=0.625)  # the first of three rounds has five eighths of the steps
    assert capsys.readouterr().err.splitlines()[1] == "search: 1/3 picked a, 00:30 left"


def test_a_terminal_has_notes_above_a_bar(monkeypatch):
    screen = Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    monkeypatch.setattr(module, "console", screen)
    with progress("search", 10) as tick, progress("inner", 4) as inner:
        tick(1, "picked a", auc=0.6123)
        inner(2, loss=0.5)
        tick(2, loss=0.4)
        module.output.bar.refresh()
    drawn = screen.file.getvalue()
    assert "search: 1/10 picked a, AUC 0.6123\n" in drawn.replace("\r", "")
    last = drawn.rsplit("search ", 1)[1]
    assert "2/10" in last
    assert "AUC 0.6123  loss 0.4000" in last
    assert "2/4" in last
    assert output.bar is None


def test_events_and_the_result_are_json(capsys, monkeypatch):
    monkeypatch.setattr(output, "as_json", True)
    say("select: done", "stage", stage="select")
    with progress("search", 4) as tick:
        tick(2, "picked a", auc=0.5)
    give({"kept": ["a"]}, "a table")
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.err.splitlines()]
    assert events[0] == {"event": "stage", "text": "select: done", "stage": "select"}
    fields = {name: events[1][name] for name in ("event", "title", "done", "total", "note", "auc")}
    assert fields == {"event": "progress", "title": "search", "done": 2, "total": 4, "note": "picked a", "auc": 0.5}
    assert json.loads(said.out) == {"kept": ["a"]}


def test_quiet_leaves_errors(capsys, monkeypatch):
    monkeypatch.setattr(output, "quiet", True)
    say("search: started")
    give({}, "a table")
    with progress("search", 1) as tick:
        tick(1, "picked a")
    say("it broke", "error")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "error: it broke\n")

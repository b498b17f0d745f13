import time

from pipeline.runtime import beam_progress as module
from pipeline.runtime.beam_progress import follow
from pipeline.runtime.console import output


def test_files_are_counted_as_they_come(tmp_path, monkeypatch):
    ticks = []
    monkeypatch.setattr(module, "SECONDS", 0.01)

    class Bar:
        def __init__(self, title, total):
            assert (title, total) == ("transforming", 60)

        def __enter__(self):
            return lambda done, **figures: ticks.append((done, figures["rows_per_second"]))

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(module, "progress", Bar)
    paths = {str(tmp_path / "train" / "a"): 10, str(tmp_path / "train" / "b"): 20, str(tmp_path / "test" / "a"): 30}
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a").touch()  # left by an interrupted run: not this one's speed
    with follow("transforming", paths, rows=True):
        for path in list(paths)[1:]:
            seen = len(ticks)
            while len(ticks) < seen + 3:
                time.sleep(0.001)
            (tmp_path / "test").mkdir(exist_ok=True)
            (tmp_path / path.removeprefix(f"{tmp_path}/")).touch()
        seen = len(ticks)
        while len(ticks) < seen + 2:
            time.sleep(0.001)
    assert ticks[0] == (10, None)
    assert ticks[-1][0] == 60
    assert ticks[-1][1] > 0
    assert output.bar is None

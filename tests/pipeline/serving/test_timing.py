"""Timing of calls, and bytes on disk."""

from pipeline.serving import timing


def test_calls_take_turns_after_warming_up(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    order = []
    spent = timing.latencies({"full": lambda: order.append("full"), "pruned": lambda: order.append("pruned")}, 3)
    assert order == ["full", "pruned"] * (3 + timing.WARMUP)
    assert spent == {name: {"p50": 1e6, "p99": 1e6} for name in ("full", "pruned")}  # a tick of this clock is a second


def test_bytes_of_the_parts_of_a_saved_model(tmp_path):
    for name, size in (("variables/a", 5), ("variables/b", 7), ("assets/t.txt", 3), ("saved_model.pb", 11), ("other", 99)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert timing.disk_bytes(tmp_path) == {"variables": 12, "vocabularies": 3, "graph": 11}

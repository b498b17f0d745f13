"""What is told of a training as it goes: speed and loss to the console, curves and picks to TensorBoard."""

import pytest

from pipeline.training import progress
from pipeline.training.progress import Watch


class Events:
    """Stands for `pipeline.training.tensorboard.Events`; keeps what it is told."""

    def __init__(self):
        self.written, self.said = [], []

    def write(self, step, figures):
        self.written.append((step, dict(figures)))

    def say(self, step, name, lines):
        self.said.append((step, name, list(lines)))


@pytest.fixture
def seen(monkeypatch):
    """A watch over rounds of 10 steps of 32 rows, half a second each, and what it tells."""
    clock = iter(n / 2 for n in range(10_000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    ticks, events = [], Events()
    watch = Watch(lambda done, note="", **figures: ticks.append((done, figures)), events, batch_size=32, rounds=[10] * 30)
    return watch, ticks, events


def test_speed_counts_from_the_second_call_on(seen):
    watch, ticks, _ = seen
    watch.on_train_batch_end(4, {"loss": 0.7})  # five steps a call, the first of which traces
    watch.on_train_batch_end(9, {"loss": 0.6})
    watch.on_train_batch_end(19, {"loss": 0.5})
    assert ticks == [
        (0.5, {"share": 5 / 300, "loss": 0.7}),
        (1.0, {"share": 10 / 300, "loss": 0.6, "rows_per_second": 5 * 32 / 0.5}),
        (2.0, {"share": 20 / 300, "loss": 0.5, "rows_per_second": 15 * 32 / 1.0}),
    ]


def test_rounds_of_unequal_length_are_counted_as_rounds_and_timed_by_their_steps():
    ticks = []
    watch = Watch(lambda done, note="", share=None, **_: ticks.append((done, note, share)), Events(), 32, rounds=[40, 20, 10])
    for step in (19, 39, 49, 59, 69):
        watch.on_train_batch_end(step, {})
    watch.note("picked a", auc=0.6)
    assert ticks == [
        (0.5, "", 20 / 70),
        (1.0, "", 40 / 70),
        (1.5, "", 50 / 70),
        (2.0, "", 60 / 70),
        (3.0, "", 1.0),
        (3.0, "picked a", 1.0),
    ]


def test_without_rounds_steps_are_counted():
    ticks = []
    watch = Watch(lambda done, note="", share=None, **_: ticks.append((done, share)), Events(), 32)
    watch.on_train_batch_end(7, {})
    assert ticks == [(8, None)]


def test_a_curve_has_a_point_every_hundred_steps(seen):
    watch, ticks, events = seen
    for step in range(250):
        watch.on_train_batch_end(step, {"loss": float(step)})
    assert [(step, figures["loss"]) for step, figures in events.written] == [(100, 99.0), (200, 199.0)]
    assert len(ticks) == 250


def test_picks_are_written_with_the_attention_of_the_first_candidates(seen):
    watch, _, events = seen
    watch.on_train_batch_end(29, {})
    attention = {f"f{n}": 1 / (n + 1) for n in range(300)}
    watch.picked(["f0", "f7"], attention, {"auc": 0.75})
    [(step, figures)] = events.written
    assert step == 30
    assert figures == {**{f"attention/f{n}": 1 / (n + 1) for n in range(200)}, "auc": 0.75}
    assert events.said == [(30, "picks", ["f0", "f7"])]

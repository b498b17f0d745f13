"""Schedules, by hand."""

import pytest

from features.errors import ConfigError
from models.schedule import Schedule


@pytest.mark.parametrize(
    ("steps", "picks", "per_round", "warmup", "expected"),
    [
        (1000, 45, 1, 0.1, (5, 45, 1, 20)),
        (1000, 20, 2, 0.1, (1, 10, 2, 90)),
        (100, 7, 3, 0.0, (0, 3, 3, 33)),
        (11, 10, 1, 0.1, (1, 10, 1, 1)),
        (150, 50, 1, 0.5, (50, 50, 1, 1)),
    ],
)
def test_schedule(steps, picks, per_round, warmup, expected):
    found = Schedule.of(steps, picks, per_round, warmup)
    assert (found.warmup_rounds, found.picking_rounds, found.picks_per_round, found.steps_per_round) == expected
    assert found.steps <= steps
    assert found.picking_rounds * found.picks_per_round >= picks


def test_too_few_steps_name_the_remedy():
    with pytest.raises(ConfigError, match=r"10 optimizer steps are too few for 11 rounds; raise selection.epochs"):
        Schedule.of(10, 10)

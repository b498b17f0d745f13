"""Schedules, by hand."""

import pytest

from features.errors import ConfigError
from models.schedule import Schedule, round_lengths


@pytest.mark.parametrize(
    ("steps", "picks", "per_round", "warmup", "expected"),
    [
        (1000, 45, 1, 0.1, (5, 45, 20)),
        (1000, 20, 2, 0.1, (1, 10, 90)),
        (100, 7, 3, 0.0, (0, 3, 33)),
        (11, 10, 1, 0.1, (1, 10, 1)),
        (150, 50, 1, 0.5, (50, 50, 1)),
    ],
)
def test_rounds_are_equal_where_nothing_else_is_asked(steps, picks, per_round, warmup, expected):
    schedule = Schedule.of(steps, picks, per_round, warmup)
    assert (schedule.warmup_rounds, schedule.picking_rounds, schedule.steps_per_round) == expected
    assert schedule.round_steps == (expected[2],) * schedule.rounds
    assert schedule.steps <= steps
    assert schedule.picking_rounds * per_round >= picks


def test_too_few_steps_name_the_remedy():
    with pytest.raises(ConfigError, match=r"10 optimizer steps are too few for 11 rounds; raise selection.epochs"):
        Schedule.of(10, 10)


@pytest.mark.parametrize(
    ("steps", "rounds", "shape", "expected"),
    [
        (100, 4, 0.0, (25, 25, 25, 25)),
        (100, 4, 1.0, (48, 24, 16, 12)),  # 1, 1/2, 1/3 and 1/4 are 25/12 together
        (205, 3, 2.0, (150, 38, 17)),  # 1, 1/4 and 1/9 are 49/36: 150.6, 37.65 and 16.7, of which the larger fractions count
        (60, 4, 1.0, (27, 13, 10, 10)),  # 28.8, 14.4, 9.6 and 7.2: the last two get 10, the others 40 at 2 to 1
        (48, 4, 0.5, (16, 12, 10, 10)),  # the last two as before; 28 at 1 to .707 are 16.4 and 11.6
        (1000, 1, 0.7, (1000,)),
        (95, 10, 0.7, (14, 9, 9, 9, 9, 9, 9, 9, 9, 9)),  # no 10 for each: 9 for all, and what is left for the first
        (7, 7, 0.5, (1, 1, 1, 1, 1, 1, 1)),
    ],
)
def test_rounds_shrink_by_a_power_of_their_number(steps, rounds, shape, expected):
    assert round_lengths(rounds, steps, shape) == expected


@pytest.mark.parametrize("shape", [0.0, 0.3, 0.5, 0.7, 1.0, 3.0])
@pytest.mark.parametrize(("rounds", "steps"), [(1, 1), (44, 1144), (44, 500), (44, 440), (44, 441), (300, 9001), (7, 100_003)])
def test_no_step_is_lost_and_no_round_is_longer_than_the_one_before(rounds, steps, shape):
    lengths = round_lengths(rounds, steps, shape)
    assert (len(lengths), sum(lengths)) == (rounds, steps)
    assert list(lengths) == sorted(lengths, reverse=True)
    assert lengths[-1] >= min(10, steps // rounds)


def test_the_warm_up_is_as_long_at_any_shape():
    equal, shaped = Schedule.of(1000, 45), Schedule.of(1000, 45, shape=0.5)
    assert shaped.round_steps[:5] == equal.round_steps[:5] == (20,) * 5
    assert shaped.round_steps[5:8] == (
        75,
        53,
        43,
    )  # of 45 rounds, r^-.5 adds up to 12.03: 74.8, 52.9, 43.2 ...
    assert shaped.round_steps[-1] == 11
    assert shaped.steps == equal.steps == 1000
    with pytest.raises(ValueError, match="rounds differ in length"):
        _ = shaped.steps_per_round

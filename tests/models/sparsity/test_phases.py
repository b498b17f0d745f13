"""The schedule of block sparsity: hand-computed."""

import math

import pytest

from features.errors import ConfigError
from models.sparsity.phases import DENSE, SPARSE, SPARSIFICATION, Phases, sparsity_at


def test_sparsity_rises_along_the_exponential_of_the_paper():
    assert sparsity_at(0.9, 0.0) == 0
    assert sparsity_at(0.9, 0.5) == pytest.approx(0.9 * (1 - math.exp(-2)) / (1 - math.exp(-4)))
    assert sparsity_at(0.9, 1.0) == pytest.approx(0.9)


def test_one_cycle_is_dense_then_gradual_then_sparse():
    phases = Phases.of(steps=107, rounds=10)
    assert phases.plan == ((DENSE, 2), (SPARSIFICATION, 5), (SPARSE, 3))
    assert phases.steps_per_round == 10
    assert [phases.at(number)[0] for number in range(10)] == [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    gone = [(1 - math.exp(-4 * n / 5)) / (1 - math.exp(-4)) for n in range(1, 6)]
    assert [phases.at(number)[1] for number in range(10)] == pytest.approx([0, 0, *gone, 1, 1, 1])
    with pytest.raises(IndexError):
        phases.at(10)


def test_cycles_give_all_blocks_back_between():
    phases = Phases.of(steps=100, rounds=20, cycles=2)
    assert [phase for phase, _ in phases.plan] == [DENSE, SPARSIFICATION, SPARSE, DENSE, SPARSIFICATION, SPARSE]
    assert phases.rounds == 20


def test_acdc_takes_all_at_once():
    phases = Phases.of(steps=100, rounds=20, cycles=3, gradual=False)
    assert [phase for phase, _ in phases.plan] == [DENSE, SPARSE, DENSE, SPARSE, DENSE, SPARSE]
    assert {phases.at(number)[1] for number in range(20)} == {0.0, 1.0}


@pytest.mark.parametrize("steps", range(6, 60, 7))
def test_short_trainings_still_have_every_phase(steps):
    phases = Phases.of(steps, cycles=2)
    assert min(rounds for _, rounds in phases.plan) >= 1
    assert phases.rounds * phases.steps_per_round <= steps


def test_a_plan_longer_than_the_training_is_refused():
    with pytest.raises(ConfigError, match=r"3 phases need 3 optimizer steps, the training has 2; raise .* at least 2-fold"):
        Phases.of(2)

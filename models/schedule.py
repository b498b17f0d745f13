"""When gates open and when picks are made: a pure function of step counts.

Source: Yasuda et al., Sequential Attention for Feature Selection, ICLR 2023 (one-pass form): one model is trained, its
steps are cut into rounds, and each round ends with a pick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.errors import ConfigError

# Steps of the shortest round: what fewer steps tell of a candidate is mostly noise.
LEAST_STEPS = 10


@dataclass(frozen=True)
class Schedule:
    """A search as rounds, each of its own number of optimizer steps: the warm-up rounds (gates open), then the picking rounds.

    Attributes:
      round_steps: optimizer steps of each round, in order.
      warmup_rounds: rounds at the start in which every gate is 1.
      picks_per_round: picks at the end of each picking round; the last makes what remains.
    """

    round_steps: tuple[int, ...]
    warmup_rounds: int
    picks_per_round: int = 1

    @property
    def rounds(self) -> int:
        """All rounds."""
        return len(self.round_steps)

    @property
    def picking_rounds(self) -> int:
        """Rounds that end with picks."""
        return self.rounds - self.warmup_rounds

    @property
    def steps(self) -> int:
        """All optimizer steps."""
        return sum(self.round_steps)

    @property
    def steps_per_round(self) -> int:
        """Optimizer steps of every round, for Keras' `fit`, whose epochs are of one length.

        Raises:
          ValueError: rounds differ in length.
        """
        if len(set(self.round_steps)) > 1:
            raise ValueError("rounds differ in length, which epochs of `fit` cannot; make the schedule with shape 0")
        return self.round_steps[0]

    @classmethod
    def of(cls, steps: int, picks: int, picks_per_round: int = 1, warmup: float = 0.1, shape: float = 0.0) -> Schedule:
        """Cuts `steps` into rounds for exactly `picks` picks.

        Args:
          steps: optimizer steps there are; less than one for each round is left unused.
          picks: to make in all.
          picks_per_round: at the end of each picking round.
          warmup: share of the rounds with gates open, at least one round unless 0.
          shape: how much longer the first picking rounds are than the last, see `round_lengths`; with 0 all rounds are equal.
            Picks are harder to tell apart while little is picked, and mistakes among them cost most.

        Raises:
          ConfigError: there are fewer steps than rounds.
        """
        picking = -(-picks // picks_per_round)
        opening = max(1, round(picking * warmup / (1 - warmup))) if warmup else 0
        if steps < opening + picking:
            raise ConfigError(
                f"selection: {steps} optimizer steps are too few for {opening + picking} rounds; raise selection.epochs, "
                "lower selection.batch_size, or raise selection.picks_per_round"
            )
        # Whole rounds of one length first, so that a shape changes how steps are shared and not how many there are.
        mean = steps // (opening + picking)
        return cls((mean,) * opening + round_lengths(picking, mean * picking, shape), opening, picks_per_round)


def round_lengths(rounds: int, steps: int, shape: float) -> tuple[int, ...]:
    """Cuts `steps` into rounds of which the r-th, from 1, is as long as r^-shape.

    A round that would come out shorter than 10 steps has 10 and the others have what is left, or all are equal where there are
    no 10 for each. Fractions of a step go to the rounds with the largest, so that no round is longer than the one before it.

    Args:
      rounds: at least 1.
      steps: of all rounds together, at least 1 for each.
      shape: 0 or more; 0 makes all equal.
    """
    least = min(LEAST_STEPS, steps // rounds)
    shares = np.arange(1.0, rounds + 1) ** -shape
    longer = rounds  # rounds of more than `least` steps: the first so many
    while longer > 1 and (steps - least * (rounds - longer)) * shares[longer - 1] < least * shares[:longer].sum():
        longer -= 1
    exact = np.full(rounds, float(least))
    exact[:longer] = shares[:longer] * (steps - least * (rounds - longer)) / shares[:longer].sum()
    # Whole steps by the largest remainders; equal ones go to the earlier round.
    lengths = np.floor(exact).astype(int)
    fractions = exact - lengths
    lengths[np.argsort(-fractions, kind="stable")[: steps - lengths.sum()]] += 1
    return tuple(lengths.tolist())

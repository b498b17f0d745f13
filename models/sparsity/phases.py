"""When blocks of weights go and come back: a pure function of step counts.

Source: Yasuda, Axiotis, Fu, Bateni, Mirrokni, "SequentialAttention++ for Block Sparsification: Differentiable Pruning Meets
Combinatorial Optimization", NeurIPS 2024. Where features go from none to many, blocks go from all to few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.errors import ConfigError

DENSE, SPARSIFICATION, SPARSE = "dense", "sparsification", "sparse"


@dataclass(frozen=True)
class Phases:
    """A training with block sparsity as whole rounds of equal length, each of one phase.

    Attributes:
      plan: the phases in turn, each with its rounds.
      steps_per_round: optimizer steps in each round.
    """

    plan: tuple[tuple[str, int], ...]
    steps_per_round: int

    @property
    def rounds(self) -> int:
        """All rounds."""
        return sum(rounds for _, rounds in self.plan)

    @property
    def round_steps(self) -> list[int]:
        """Optimizer steps of each round."""
        return [self.steps_per_round] * self.rounds

    def at(self, number: int) -> tuple[int, float]:
        """The phase that a round (from 0) is of, by its index in the plan, and the share of the final sparsity in force."""
        for index, (phase, rounds) in enumerate(self.plan):
            if number < rounds:
                # At the end of the round: the last one of a sparsification phase has the final sparsity.
                share = sparsity_at(1.0, (number + 1) / rounds) if phase == SPARSIFICATION else float(phase == SPARSE)
                return index, share
            number -= rounds
        raise IndexError(f"round {number} is after the last")

    @classmethod
    def of(
        cls, steps: int, rounds: int = 50, dense: float = 0.2, sparse: float = 0.3, cycles: int = 1, gradual: bool = True
    ) -> Phases:
        """Cuts `steps` into rounds: a dense phase first, a sparse one last, cycles between.

        Args:
          steps: optimizer steps there are; up to a round's worth is left unused. With fewer than `rounds`, each is a round.
          rounds: in all.
          dense: share of the rounds in the first phase.
          sparse: share of the rounds in the last phase.
          cycles: times that blocks are taken away; before each time but the first all of them come back.
          gradual: whether they go little by little, in a sparsification phase, or all at once (as in ACDC).

        Raises:
          ConfigError: there are fewer steps than phases.
        """
        # What lies between the first dense and the last sparse phase: every cycle but the last ends with all blocks back.
        turn = [SPARSIFICATION, SPARSE, DENSE] if gradual else [SPARSE, DENSE]
        between = (turn * cycles)[:-2] if gradual else turn * (cycles - 1)
        names = [DENSE, *between, SPARSE]
        if steps < len(names):
            raise ConfigError(
                f"model.tower.block_sparsity: {len(names)} phases need {len(names)} optimizer steps, the training has {steps}; "
                f"raise training.epochs at least {-(-len(names) // max(steps, 1))}-fold or lower training.batch_size as much"
            )
        rounds = max(len(names), min(rounds, steps))
        # Each phase has a round at least, the first and the last at the cost of their share.
        first, last = max(1, round(rounds * dense)), max(1, round(rounds * sparse))
        if not between:
            first = rounds - last
        elif rounds - first - last < len(between):
            first, last = 1, rounds - 1 - len(between)
        # Phases between share the rounds evenly; rounding their edges, and not their lengths, leaves no round over.
        edges = np.linspace(first, rounds - last, len(between) + 1).round().astype(int)
        lengths = [first, *np.diff(edges).tolist(), last] if between else [first, last]
        return cls(tuple(zip(names, lengths, strict=True)), steps // rounds)


def sparsity_at(sparsity: float, progress: float, curve: float = 4.0) -> float:
    """Share of blocks gone at `progress` t (0 to 1) of a sparsification phase: s (1 - e^-ct) / (1 - e^-c), c = `curve`."""
    # Fast at first, when the network can still make up for what goes. `expm1` keeps the digits of a small t.
    return float(sparsity * np.expm1(-curve * progress) / np.expm1(-curve))

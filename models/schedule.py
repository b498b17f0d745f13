"""When gates open and when picks are made: a pure function of step counts.

Source: Yasuda et al., Sequential Attention for Feature Selection, ICLR 2023 (one-pass form): one model is trained, its
steps are cut into rounds, and each round ends with a pick.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.errors import ConfigError


@dataclass(frozen=True)
class Schedule:
    """A search as whole rounds of equal length: first the warm-up rounds (gates open), then the picking rounds.

    Attributes:
      warmup_rounds: rounds at the start in which every gate is 1.
      picking_rounds: rounds that end with picks.
      picks_per_round: picks at the end of each picking round; the last makes what remains.
      steps_per_round: optimizer steps in each round.
    """

    warmup_rounds: int
    picking_rounds: int
    picks_per_round: int
    steps_per_round: int

    @property
    def rounds(self) -> int:
        """All rounds."""
        return self.warmup_rounds + self.picking_rounds

    @property
    def steps(self) -> int:
        """All optimizer steps."""
        return self.rounds * self.steps_per_round

    @classmethod
    def of(cls, steps: int, picks: int, picks_per_round: int = 1, warmup: float = 0.1) -> Schedule:
        """Cuts `steps` into rounds for exactly `picks` picks.

        Args:
          steps: optimizer steps there are; up to a round's worth is left unused.
          picks: to make in all.
          picks_per_round: at the end of each picking round.
          warmup: share of the rounds with gates open, at least one round unless 0.

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
        return cls(opening, picking, picks_per_round, steps // (opening + picking))

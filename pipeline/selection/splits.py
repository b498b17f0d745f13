"""Which rows retrained models learn from, and which score them."""

from __future__ import annotations

from dataclasses import dataclass

from features.config import Config
from pipeline.dataset.transformed import SplitName, Transformed


@dataclass(frozen=True)
class Splits:
    """The splits of a retraining, the same for every model that is compared.

    Attributes:
      learnt: what models train on.
      scored: what they are scored on.
    """

    learnt: SplitName
    scored: SplitName

    @classmethod
    def of(cls, config: Config, transformed: Transformed) -> Splits:
        """The test rows score, if there are any, and else the validation rows.

        Where the test rows do, models may train on the validation rows too (`proof.include_validation`): these have done
        their work in the selection, and the test rows are untouched.
        """
        # Without test rows the proof is of the rows that judged the selection, and so a little too good.
        if not transformed.rows("test"):
            return cls("train", "validation")
        return cls("train+validation" if config.proof.include_validation else "train", "test")

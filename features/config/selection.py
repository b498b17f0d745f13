"""The config's `selection` and `proof` sections: the search for features and widths, and how its result is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from features.config.budget import Budget
from features.fields import (
    BatchSize,
    LearningRate,
    NonNegativeFloat,
    PositiveInt,
    Section,
    Seed,
    Text,
    Texts,
    Width,
)


class FrontierConfig(Section):
    """The search over widths, for the allocator `frontier`."""

    former_names: ClassVar[Mapping[str, str]] = {"beta": "cost_weight"}

    rounds: PositiveInt = Field(150, description="Rounds at most, each of which widens one feature.")
    cost_weight: NonNegativeFloat = Field(
        0.5,
        description="Weight of a step's standardised log cost against its standardised attention; with 0, attention decides "
        "alone.",
    )


class SelectionConfig(Section):
    """The search for features and widths."""

    former_names: ClassVar[Mapping[str, str]] = {"carry": "standing_carryover", "members": "gate_count"}

    method: Literal[
        "sequential_attention", "group_lasso", "l1_gate", "gradient", "taylor", "permutation", "lly", "omp", "random"
    ] = Field(
        "sequential_attention",
        description="What ranks the features; the others are there to be compared with sequential_attention, see "
        "docs/methods.md.",
    )
    budget: Budget = Field(description="What the pruned model may cost.")
    batch_size: BatchSize = Field(256, description="Examples of a step of the search, over all devices together.")
    epochs: PositiveInt = Field(4, description="Passes of the search over the train rows; with more than 4, rankings over-fit.")
    warmup: float = Field(0.1, ge=0, lt=1, description="Share of the rounds at the start in which all gates are open.")
    round_shape: float = Field(
        0.0,
        ge=0,
        le=2,
        description="How fast rounds get shorter: the r-th round that picks is as long as r^-round_shape, at least 10 steps; "
        "with 0 all rounds are equal.",
    )
    picks_per_round: PositiveInt = Field(1, description="Number of features picked at the end of a round.")
    standing_carryover: float = Field(
        0.8,
        ge=0,
        lt=1,
        description="Share of its standing that a candidate takes into the next round; 0 is the algorithm of the paper.",
    )
    previous: Text | None = Field(
        None, description="Path of an earlier feature spec to move on from, as `winnow select --from` does."
    )
    head_start: NonNegativeFloat = Field(
        1.0,
        description="What features of the `previous` spec are ahead in every round, in standard deviations of the candidates' "
        "scores.",
    )
    gate_learning_rate: LearningRate = Field(1e-3, description="Learning rate of the gate's logits.")
    widths: Annotated[list[Width], Field(min_length=1)] = Field(
        [1, 2, 4, 8, 16], description="Columns that an embedding may be given, where the budget makes widths cost."
    )
    keep: Texts = Field([], description="Names or patterns of features that are always in the result.")
    exclude: Texts = Field(
        [],
        description="Names or patterns of features that are in no model: not in the chosen one, nor in the full one beside it.",
    )
    allocator: Literal["auto", "common_width", "mixed_dimension", "frontier", "cut"] = Field(
        "auto",
        description="How widths and sizes of vocabularies are decided, for budgets in which they cost: `auto` tries all ways "
        "and keeps the best on the validation rows; docs/selection.md explains them.",
    )
    frontier: FrontierConfig = Field(FrontierConfig(), description="The search over widths, for the allocator `frontier`.")
    sources: dict[str, NonNegativeFloat] = Field(
        {},
        description="What it costs to fetch from each `source` that features name, in the unit of `budget.cost`; paid with "
        "the first of them.",
    )
    gate_count: PositiveInt = Field(
        1,
        description="Number of gates trained side by side, each on an equal share of every batch, to see how stable the picks "
        "are.",
    )
    seed: Seed = Field(1, description="Seed of the search.")

    @model_validator(mode="after")
    def _check_gate_count(self) -> SelectionConfig:
        if self.gate_count > 1 and self.method != "sequential_attention":
            raise ValueError(f"`gate_count` does nothing with method {self.method}, which has no gates; leave it out")
        # Each gate sees rows of its own, and all the same number of them, so that their picks can be compared.
        if self.batch_size % self.gate_count:
            raise ValueError(
                f"`batch_size` ({self.batch_size}) cannot be divided equally among {self.gate_count} gates; give a "
                "`gate_count` that divides it"
            )
        return self


class ProofConfig(Section):
    """How the chosen features are proved: trainings from scratch, and the resampling behind the intervals."""

    former_names: ClassVar[Mapping[str, str]] = {"seeds": "seed_count", "bootstrap": "bootstrap_samples"}

    # More than 1,000 trainings of each model are a slip of the keyboard.
    seed_count: PositiveInt = Field(3, le=1000, description="Number of trainings of each model, each with a seed of its own.")
    points: list[PositiveInt | Budget] = Field(
        [],
        description="Further points to prove besides the full and the pruned model: numbers of features of the path, or "
        "budgets such as `{bytes: 5%}`.",
    )
    include_validation: bool = Field(
        True,
        description="Whether models train on the validation rows too, as the choice has been made; vocabularies are of the "
        "train rows alone. Without test rows they never do.",
    )
    # Of fewer than 10 draws no interval can be read off, and 100,000 draws of 64 blocks take 50 MB.
    bootstrap_samples: Annotated[int, Field(ge=10, le=100_000)] = Field(
        1000, description="Number of times that the rows are drawn anew for the intervals of figures."
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="Share of the draws that an interval holds.")

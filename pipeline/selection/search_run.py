"""What the searches of a run share: the candidates, the rows, and the model that is trained around a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.config import Config
from features.path import SearchSchedule
from models.build import build_model
from models.gate import SequentialAttention
from models.picks import Picks
from models.ranking import RankingModel
from models.schedule import Schedule
from models.strategy import make_strategy
from models.training import train
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime.console import say
from pipeline.runtime.workspace import Workspace
from pipeline.selection.candidates import Candidates
from pipeline.selection.previous_spec import Previous
from pipeline.training.resume import Memory, batches, checkpoints

# Optimizer steps that a search runs without a look at the host. More save little time; where even the longest round has fewer,
# it is that number, as picks are made on the host at the end of each.
_STEPS_PER_EXECUTION = 32


@dataclass(frozen=True)
class SearchRun:
    """A search to run: its candidates, rows, schedule and model.

    Attributes:
      config: of the run.
      workspace: the work folder, for checkpoints and curves.
      transformed: the transformed folder.
      candidates: what is chosen from.
    """

    config: Config
    workspace: Workspace
    transformed: Transformed
    candidates: Candidates

    @classmethod
    def of(cls, config: Config, workspace: Workspace, transformed: Transformed) -> SearchRun:
        """A run over all candidates.

        Raises:
          ConfigError: see `Candidates.of`.
        """
        return cls(config, workspace, transformed, Candidates.of(config, transformed))

    @cached_property
    def train_rows(self) -> Reader:
        """The rows that are trained on."""
        return Reader(self.transformed, "train", self.candidates.encodings, self.config.training.shuffle_rows)

    @cached_property
    def validation_rows(self) -> Reader:
        """The rows that quality is estimated on; there may be none."""
        return Reader(self.transformed, "validation", self.candidates.encodings)

    @property
    def steps(self) -> int:
        """Optimizer steps of all epochs."""
        return self.train_rows.steps(self.config.selection.batch_size) * self.config.selection.epochs

    def schedule(self, picks: int, picks_per_round: int = 1) -> Schedule:
        """The steps cut into rounds for so many picks.

        Raises:
          ConfigError: there are fewer steps than rounds.
        """
        selection = self.config.selection
        return Schedule.of(self.steps, picks, picks_per_round, selection.warmup, selection.round_shape)

    def described(self, schedule: Schedule) -> SearchSchedule:
        """The schedule as `path.json` holds it."""
        return SearchSchedule(**vars(schedule), steps=schedule.steps, batch_size=self.config.selection.batch_size)

    def model(self, gate: SequentialAttention | None, schedule: Schedule) -> RankingModel:
        """A compiled model of all candidates at full width around a gate, the same start each time."""
        selection = self.config.selection
        return build_model(
            self.candidates.encodings,
            self.candidates.widths,
            # Dense: a tower is thinned in the proof, once it is known which features feed it.
            self.config.model.dense,
            self.config.training,
            make_strategy(self.config.training),
            selection.seed,
            gate,
            selection.gate_learning_rate,
            min(max(schedule.round_steps), _STEPS_PER_EXECUTION),
            selection.batch_size,
            say,
        )

    def head_start(self) -> npt.NDArray[np.float64] | None:
        """[units] what the features of `selection.previous` have ahead of the others; None without such a spec."""
        previous = Previous.of(self.config)
        return previous.head_starts(self.candidates.units) if previous else None

    def train(
        self,
        name: str,
        model: RankingModel,
        schedule: Schedule,
        picks: Picks,
        watch: tf.keras.callbacks.Callback,
        memory: Memory,
        **identity: Any,
    ) -> None:
        """Trains the gated model, from its checkpoint where an interrupted run left one.

        Args:
          name: of the training, under which its checkpoints lie.
          model: to train.
          schedule: its rounds are the training's epochs.
          picks: makes the picks at the end of rounds.
          watch: sees each step.
          memory: gathers the picks, and is kept in checkpoints.
          **identity: JSON values that say, beside config and candidates, which training this is.
        """
        rows, selection = self.train_rows, self.config.selection
        # All that changes what a step does: from a checkpoint of another search nothing could be taken over.
        made_of: Mapping[str, Any] = {
            "selection": selection.model_dump(),
            "candidates": [self.candidates.units, rows.rows],
            **identity,
        }
        kept = checkpoints(self.config, self.workspace, name, made_of, memory, picks)
        callbacks: Sequence[tf.keras.callbacks.Callback] = [picks, watch]
        source = batches(rows, selection.batch_size, selection.seed)
        train(model, source, schedule.round_steps, callbacks, kept)

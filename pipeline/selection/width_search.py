"""The search over widths: the gate's candidates are each feature's next width, and a pick weighs attention against cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from features.cost import CostModel
from features.document import rounded
from features.path import WidthPath, WidthPick
from models.picks import Picks
from pipeline.runtime.console import Tick, progress
from pipeline.selection.search_run import SearchRun
from pipeline.training.progress import Watch
from pipeline.training.tensorboard import Events

_NAME = "search_of_widths"  # of the training, its curves and its checkpoints
# Share of the full cost that a step costs at least: a step may be free (a source that is paid already), and the score takes
# the logarithm of its cost.
_LEAST_SHARE = 1e-5


class WidthSearch:
    """One training over each candidate's next width; a pick is the largest `z(logit) - cost_weight * z(log cost)`.

    Where columns cost nothing, candidates are picked whole. Must-keep features start at the smallest width.

    Args:
      run: what is searched.
      cost: of features at widths, in the budget's unit.

    Raises:
      ConfigError: there are fewer optimizer steps than rounds.
    """

    def __init__(self, run: SearchRun, cost: CostModel) -> None:
        candidates, selection = run.candidates, run.config.selection
        self.run, self.cost = run, cost
        self._started = time.monotonic()
        # Where width costs nothing, narrower tables are never the better choice.
        self.widths = candidates.allowed(selection.widths) if cost.by_width else [max(candidates.widths.values())]
        self.next_width = dict(pairwise([0, *self.widths]))
        self.gate = candidates.gate(self.widths)
        self.limit = int(min(selection.frontier.rounds, self.gate.depth.sum() - len(candidates.kept_units)))
        self.schedule = run.schedule(self.limit)
        self.model = run.model(self.gate, self.schedule)
        self.gate.pick(candidates.kept_units)
        self.reached = [0] * len(candidates.units)  # the width of each unit
        self.steps: list[WidthPick] = []
        for unit in candidates.kept_units:
            self._grow(unit, 0)

    def path(self) -> WidthPath:
        """Trains, and gives every step in order."""
        with progress("search of widths", self.schedule.rounds) as tick:
            self._train(tick)
        return WidthPath(widths=self.widths, steps=self.steps, seconds=round(time.monotonic() - self._started, 1))

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"reached": self.reached, "steps": [step.model_dump(mode="json") for step in self.steps]}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        self.reached = values["reached"]
        self.steps = [WidthPick.model_validate(step) for step in values["steps"]]

    def step_costs(self) -> npt.NDArray[np.float64]:
        """[units] what the next width of each costs more than what is picked so far, in the budget's unit; positive."""
        # Costs are not additive where features share a source, so each step is priced with all that is picked.
        picked = {n: w for unit, width in enumerate(self.reached) for n, w in self._at(unit, width).items()}
        steps = [self._at(unit, self.next_width.get(width, width)) for unit, width in enumerate(self.reached)]
        least = self.cost.total(self.run.candidates.widths) * _LEAST_SHARE
        return np.maximum([self.cost.added(picked, step) for step in steps], least)

    def _train(self, tick: Tick) -> None:
        selection, run = self.run.config.selection, self.run

        def on_pick(number: int, picks: list[int], scores: Any, attention: Any, logs: Mapping[str, float]) -> None:
            for unit in picks:
                self._grow(unit, number, rounded(scores[unit]))
                names = " + ".join(run.candidates.units[unit])
                watch.note(f"{names} to width {self.reached[unit]}")

        watch = Watch(tick, Events(run.workspace, _NAME), selection.batch_size, self.schedule.round_steps)
        cost_weight, ahead = selection.frontier.cost_weight, run.head_start()
        picks = Picks(self.gate, self.schedule, self.limit, self.step_costs, cost_weight, on_pick, head_start=ahead)
        # Another cost of the same candidates would make other picks: its checkpoints are of another training.
        run.train(_NAME, self.model, self.schedule, picks, watch, self, cost=self.step_costs().tolist())

    def _grow(self, unit: int, number: int, score: float | None = None) -> None:
        """Gives a unit its next width."""
        self.reached[unit] = width = self.next_width[self.reached[unit]]
        self.steps.append(WidthPick(round=number, features=self.run.candidates.units[unit], width=width, score=score))

    def _at(self, unit: int, width: int) -> dict[str, int]:
        """The features of a unit at a width, none at width 0; float features have the one width there is."""
        candidates = self.run.candidates
        floats = {encoding.name: encoding.length for encoding in candidates.encodings if not encoding.embedded}
        names = candidates.units[unit] if width else []
        return {name: floats.get(name, min(width, candidates.widths[name])) for name in names}

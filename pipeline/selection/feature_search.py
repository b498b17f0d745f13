"""Sequential Attention over whole features: one training of the gated model, whose rounds end with picks.

Source: Yasuda et al., "Sequential Attention for Feature Selection", ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.document import rounded
from features.path import Estimate, Round, SearchPath, Stability
from models.consensus import consensus
from models.picks import Picks
from pipeline.runtime.console import Tick, progress
from pipeline.selection.estimator import Estimator
from pipeline.selection.path_builder import PathBuilder
from pipeline.selection.search_run import SearchRun
from pipeline.selection.warnings import warn_of_quality, warn_of_schedule
from pipeline.training.progress import Watch
from pipeline.training.tensorboard import Events

_NAME = "search"  # of the training, its curves and its checkpoints


class FeatureSearch:
    """A search by one gate, whose picks are the path, or by several side by side, whose agreement is.

    Args:
      run: what is searched.

    Raises:
      ConfigError: there are fewer optimizer steps than rounds.
    """

    def __init__(self, run: SearchRun) -> None:
        selection, candidates = run.config.selection, run.candidates
        self.run, self.gates = run, selection.gate_count
        self.limit = len(candidates.units) - len(candidates.kept_units)
        self.builder = PathBuilder(selection.method, selection.seed, candidates)
        self.schedule = run.schedule(self.limit, selection.picks_per_round)
        warn_of_schedule(self.schedule, selection.epochs)
        self.gate = candidates.gate(gate_count=self.gates if self.gates > 1 else None)
        self.model = run.model(self.gate, self.schedule)
        # After the model: its gate has no state before it is built.
        self.gate.pick(candidates.kept_units)
        self.estimator = Estimator(self.model, self.gate, run.validation_rows)
        self.orders: list[list[int]] = [[] for _ in range(self.gates)]  # of the units picked by each of several gates

    def path(self) -> SearchPath:
        """Trains, and gives every pick with its round, score, attention, cost and estimated quality."""
        self.builder.add_kept()
        with progress(_NAME, self.schedule.rounds) as tick:
            self._train(tick)
        if self.gates > 1:
            stability = self._agree()
        else:
            stability = None
            self._warn()
        return self.builder.path(self.run.described(self.schedule), stability)

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"path": self.builder.to_json(), "orders": self.orders}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        self.builder.restore(values["path"])
        self.orders = values["orders"]

    def _train(self, tick: Tick) -> None:
        selection, run = self.run.config.selection, self.run
        watch = Watch(tick, Events(run.workspace, _NAME), selection.batch_size, self.schedule.round_steps)

        def on_pick(number: int, picks: Any, scores: Any, attention: Any, logs: Mapping[str, float]) -> None:
            if self.gates > 1:
                # Quality is estimated along one order, on which the gates agree only at the end.
                note, estimate = self._note_orders(picks), None
            else:
                note, estimate = self._add_picks(number, picks, scores, attention)
            shares = self._end_round(number, attention, logs["loss"])
            figures = estimate.model_dump() if estimate else {}
            watch.picked([note], shares, figures)
            watch.note(note, auc=figures.get("auc"))

        carryover = selection.standing_carryover
        picks = Picks(
            self.gate, self.schedule, self.limit, on_pick=on_pick, standing_carryover=carryover, head_start=run.head_start()
        )
        run.train(_NAME, self.model, self.schedule, picks, watch, self)

    def _add_picks(
        self, number: int, picks: list[int], scores: npt.NDArray[np.floating], attention: npt.NDArray[np.floating]
    ) -> tuple[str, Estimate | None]:
        """Adds the picks of a round to the path; the estimate of the round stands at the last of them."""
        estimate = self.estimator()
        for unit in picks:
            of_last = estimate if unit == picks[-1] else None
            self.builder.add_unit(unit, number, attention[unit], scores[unit], of_last)
        return f"picked {', '.join(name for unit in picks for name in self.run.candidates.units[unit])}", estimate

    def _note_orders(self, picks: list[list[int]]) -> str:
        """Notes what each gate has picked: only after the last round is it known on which order they agree."""
        for order, picked in zip(self.orders, picks, strict=True):
            order += picked
        return f"{len(self.orders[0])} picks by each of {self.gates} gates"

    def _end_round(self, number: int, attention: npt.NDArray[np.floating], loss: float) -> dict[str, float]:
        """Adds a round to the path; returns the attention of each candidate's features, the mean over several gates."""
        candidates = self.run.candidates
        by_unit = (attention.mean(0) if self.gates > 1 else attention).round(6)
        shares = {name: float(by_unit[candidates.unit_of[name]]) for name in candidates.names}
        self.builder.rounds.append(Round(round=number, loss=rounded(loss), attention=list(shares.values())))
        return shares

    def _agree(self) -> Stability:
        """Picks again in the order on which the gates agree, so that the quality along it is estimated."""
        units, agreed = self.run.candidates.units, consensus(self.orders)
        # Each gate has its own picks so far; all of them are to hold the same from here on.
        self.gate.level.assign(np.zeros_like(self.gate.level))
        self.gate.pick(self.run.candidates.kept_units)
        for rank, unit in enumerate(agreed.order):
            self.gate.pick([unit])
            number = 1 + rank // self.run.config.selection.picks_per_round
            # A share that falls along the path as attention does: 1 for what all gates pick first.
            attention = 1.0 - agreed.mean_rank[unit] / self.limit
            self.builder.add_unit(unit, number, attention, estimate=self.estimator())
        return Stability.model_validate(agreed.document([" + ".join(unit) for unit in units]))

    def _warn(self) -> None:
        last = self.builder.picks[-1].estimate
        if last is not None:
            warn_of_quality(last.auc, "the search's validation")

"""The callback that drives a gate: it opens and closes it and makes the picks, between training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from features.private_apis import Optimizer, slots, trains_one_variable
from models.gate import OPEN, SOFT, SequentialAttention
from models.pick_rules import Floats, frontier_scores, standings, top
from models.schedule import Schedule

OnPick = Callable[[int, Any, Any, Any, Mapping[str, float]], None]


class Picks(tf.keras.callbacks.Callback):
    """Opens the gate for the warm-up and picks at the end of each later round.

    Picks are made on the host between two steps, from the one value that all replicas share. After them the logits and
    their optimizer slots stand at their start again; network weights go on.

    Args:
      gate: of the model that is trained.
      schedule: its rounds are the training's epochs.
      limit: picks to make in all (by each of several gates); left out, all there are.
      cost: gives [candidates] (or [gates, candidates]) the cost of each candidate's next step, for `cost_weight`.
      cost_weight: weight of the cost, see `frontier_scores`.
      on_pick: called with (round, picks, scores, attention, logs) after each round's picks; round counts from 1. For a
        layer of several gates, picks is a list for each, and scores and attention have that leading axis.
      standing_carryover: see `standings`; 0 scores by the logits alone.
      head_start: [candidates] what is added to their scores, in standard deviations of the scores of a round.
    """

    def __init__(
        self,
        gate: SequentialAttention,
        schedule: Schedule,
        limit: int | None = None,
        cost: Callable[[], Floats] | None = None,
        cost_weight: float = 0.0,
        on_pick: OnPick | None = None,
        standing_carryover: float = 0.0,
        head_start: Floats | None = None,
    ) -> None:
        super().__init__()
        self.gate, self.schedule, self.cost, self.cost_weight, self.on_pick = gate, schedule, cost, cost_weight, on_pick
        self.standing_carryover, self.standings = standing_carryover, np.zeros([gate.gate_count or 1, gate.size])
        self.head_start = head_start
        # Each chunk of a candidate is a pick of its own.
        self.left = limit if limit is not None else int(gate.depth.sum())

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts the warm-up, or the search where there is none."""
        self.gate.set_mode(OPEN if self.schedule.warmup_rounds else SOFT)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Ends the warm-up or makes the round's picks."""
        if epoch + 1 == self.schedule.warmup_rounds:
            self.gate.set_mode(SOFT)
        if epoch < self.schedule.warmup_rounds:
            return
        # Before the picks, which draw the logits back to their start.
        attention = self.gate.attention().numpy()
        scores = self._scores()
        # The last round makes what remains, which may be less than a round's picks.
        count = min(self.schedule.picks_per_round, self.left)
        picks = [top(member_scores, count) for member_scores in scores]
        for member, member_picks in enumerate(picks):
            self.gate.pick(member_picks, None if self.gate.gate_count is None else member)
        self.left -= count
        # Else Adam's momentum would carry the new logits on towards the old ones.
        reset_slots(self.model.optimizer, self.gate.logits)
        if self.on_pick is not None:
            number, alone = epoch + 1 - self.schedule.warmup_rounds, self.gate.gate_count is None
            self.on_pick(number, picks[0] if alone else picks, scores[0] if alone else scores, attention, logs or {})

    def _scores(self) -> Floats:
        """Scores of the candidates for each gate, float [gates, candidates]; minus infinity where nothing is left to pick."""
        logits, frontier = np.atleast_2d(self.gate.logits.numpy()), np.atleast_2d(self.gate.frontier())
        cost = np.broadcast_to(self.cost() if self.cost is not None else 1.0, logits.shape)
        if self.standing_carryover:
            rows = zip(self.standings, logits, frontier, strict=True)
            logits = self.standings = np.stack(
                [standings(old, new, self.standing_carryover, open_) for old, new, open_ in rows]
            )
        if self.head_start is not None:
            spread = np.array([[row[open_].std() if open_.any() else 0.0] for row, open_ in zip(logits, frontier, strict=True)])
            # In units of the spread, so that it weighs as much in every round.
            logits = logits + spread * self.head_start
        rows_of_gates = zip(logits, cost, frontier, strict=True)
        return np.stack([frontier_scores(row, prices, self.cost_weight, open_) for row, prices, open_ in rows_of_gates])


def reset_slots(optimizer: Optimizer, variable: tf.Variable) -> None:
    """Sets an optimizer's slots of one variable to zero, and its step count too where it trains nothing else.

    Args:
      optimizer: of tf.keras, legacy or not, or a TFRS CompositeOptimizer of several.
      variable: whose slots.
    """
    for part in getattr(optimizer, "optimizers", [optimizer]):
        part_slots = slots(part, variable)
        for slot in part_slots:
            slot.assign(tf.zeros_like(slot))
        if part_slots and trains_one_variable(part):
            part.iterations.assign(0)

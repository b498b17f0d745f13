"""Gathers the picks of a search as they are made, and writes them up as a `SearchPath`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from features.cost import table_bytes
from features.document import rounded
from features.path import Estimate, Pick, Round, SearchPath, SearchSchedule, Stability
from pipeline.selection.candidates import Candidates


class PathBuilder:
    """The path of a search, from its start to the document; every way to search makes its `SearchPath` with it.

    Args:
      method: as in `selection.method`; `none` where nothing is searched.
      seed: of the search.
      candidates: what is picked from.
    """

    def __init__(self, method: str, seed: int, candidates: Candidates) -> None:
        self.method, self.seed, self.candidates = method, seed, candidates
        self.picks: list[Pick] = []
        self.rounds: list[Round] = []
        # Of this process: what an interrupted run took before is not counted.
        self._started = time.monotonic()
        self._encodings = {encoding.name: encoding for encoding in candidates.encodings}

    def add(
        self,
        feature: str,
        number: int,
        attention: float,
        score: float | None = None,
        estimate: Estimate | None = None,
    ) -> None:
        """Adds a pick.

        Args:
          feature: its name.
          number: of the round, from 1; 0 for what is kept without being picked.
          attention: see `Pick`.
          score: by which it was picked.
          estimate: of the quality with this and all earlier picks.
        """
        # Full width: the path says in which order features come, and allocators decide their widths later.
        width = self.candidates.widths[feature]
        size = table_bytes(self._encodings[feature], width)
        before = self.picks[-1].cumulative_bytes if self.picks else 0
        self.picks.append(
            Pick(
                round=number,
                feature=feature,
                width=width,
                attention=rounded(attention),
                bytes=size,
                cumulative_bytes=before + size,
                estimate=estimate,
                score=None if score is None else rounded(score),
            )
        )

    def add_unit(
        self,
        unit: int,
        number: int,
        attention: float,
        score: float | None = None,
        estimate: Estimate | None = None,
    ) -> None:
        """Adds a pick for each feature of a unit; the estimate is that of the last of them."""
        # An estimate is made once all of them are picked, and holds for the last of them only.
        *others, last = self.candidates.units[unit]
        for feature in others:
            self.add(feature, number, attention, score)
        self.add(last, number, attention, score, estimate)

    def add_kept(self) -> None:
        """Adds the units that are kept by the config, which no round has to pick."""
        for unit in self.candidates.kept_units:
            self.add_unit(unit, 0, 1.0)

    def path(self, schedule: SearchSchedule | None = None, stability: Stability | None = None) -> SearchPath:
        """The document, once all picks are made."""
        return SearchPath(
            method=self.method,
            seed=self.seed,
            schedule=schedule,
            candidates=self.candidates.names,
            units=self.candidates.units,
            widths=dict(self.candidates.widths),
            not_candidates=dict(self.candidates.reasons),
            picks=self.picks,
            rounds=self.rounds,
            seconds=round(time.monotonic() - self._started, 1),
            stability=stability,
        )

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        # Picks and rounds alone: all else is made anew from the config and the data.
        return {name: [entry.model_dump(mode="json") for entry in getattr(self, name)] for name in ("picks", "rounds")}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        self.picks = [Pick.model_validate(pick) for pick in values["picks"]]
        self.rounds = [Round.model_validate(entry) for entry in values["rounds"]]

"""The path of picks as rows: of the report's plots and of `path.csv`."""

from __future__ import annotations

import numpy as np

from features.document import Document
from features.path import CHANCE_AUC, Pick, SearchPath


class PathRow(Document):
    """A pick, and the estimated quality with all picks up to it. The fields are the columns of `path.csv`.

    Attributes:
      round, feature, width, bytes, cumulative_bytes, attention, score: as in `Pick`.
      equal_shares: the attention as a multiple of an equal share; None for features that the config keeps.
      features: different features picked so far.
      estimated_auc, estimated_log_loss: on validation rows; None where the search had none, or within a round.
      gain: change of the estimated AUC since the last estimate.
    """

    round: int
    feature: str
    width: int
    bytes: int
    cumulative_bytes: int
    attention: float
    equal_shares: float | None
    score: float | None
    features: int
    estimated_auc: float | None
    estimated_log_loss: float | None
    gain: float | None


def path_rows(path: SearchPath) -> list[PathRow]:
    """A row per pick, in order."""
    candidates = {ended.round: int(np.count_nonzero(ended.attention)) for ended in path.rounds}
    picked: set[str] = set()
    rows: list[PathRow] = []
    # Before the first pick a model knows nothing.
    auc = CHANCE_AUC
    for pick in path.picks:
        # A feature counts once, even where it was picked at more than one width.
        picked.add(pick.feature)
        rows.append(_row(pick, candidates.get(pick.round), len(picked), auc))
        auc = pick.estimate.auc if pick.estimate else auc
    return rows


def _row(pick: Pick, candidates: int | None, features: int, auc_before: float) -> PathRow:
    estimate = pick.estimate
    return PathRow(
        round=pick.round,
        feature=pick.feature,
        width=pick.width,
        bytes=pick.bytes,
        cumulative_bytes=pick.cumulative_bytes,
        attention=pick.attention,
        # Attention sums to 1 over the round's candidates, so that an equal share is 1 / candidates.
        equal_shares=None if candidates is None else round(pick.attention * candidates, 4),
        score=pick.score,
        features=features,
        estimated_auc=estimate.auc if estimate else None,
        estimated_log_loss=estimate.log_loss if estimate else None,
        gain=round(estimate.auc - auc_before, 6) if estimate else None,
    )

"""The features as rows: of the report's tables and of `features.csv`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from features.config import Config
from features.cost import table_bytes
from features.document import Document
from features.feature import Kind
from features.selection import Kept
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.path_rows import PathRow

Decision = Literal["kept", "dropped", "open"]  # open: nothing has been chosen yet


class FeatureRow(Document):
    """A feature, what is known of it, and what became of it. The fields are the columns of `features.csv`.

    Attributes:
      feature, kind: as in the config.
      distinct, missing, missing_share: over the train rows.
      table_rows, full_width, full_bytes: of its table at full width; 0 rows and bytes for float features.
      kept_rows, width, bytes: of its table in the pruned model; 0 where it is left out.
      order: place among the picked features, from 1.
      round, attention, equal_shares, score, gain: of its first pick, as in `PathRow`.
      decision: whether it is kept.
      reason: of the decision, in words.
    """

    feature: str
    kind: Kind
    distinct: int
    missing: int
    missing_share: float
    table_rows: int
    kept_rows: int
    order: int | None
    round: int | None
    attention: float | None
    equal_shares: float | None
    score: float | None
    gain: float | None
    full_width: int
    width: int
    full_bytes: int
    bytes: int
    decision: Decision
    reason: str


def feature_rows(config: Config, documents: WorkFolderDocuments, path: Sequence[PathRow]) -> list[FeatureRow]:
    """A row per feature: the kept ones first, then in the order of their picks, then the rest.

    Args:
      config: of the run.
      documents: of the work folder.
      path: the rows of the path; empty where nothing was searched.
    """
    kinds = {feature.name: feature.kind for feature in documents.features.features}
    picks = _first_picks(path)
    kept = {entry.feature: entry for entry in documents.selection.kept} if documents.selection else {}
    # Each name once, in the first of these orders that has it.
    names = list(dict.fromkeys([*kept, *picks, *kinds]))
    orders = {name: order for order, name in enumerate(picks, 1)}
    known = _known(config, documents)
    reasons = _reasons(documents)
    decided = documents.selection is not None
    return [
        FeatureRow.model_validate(
            known[name]
            | {"kind": kinds[name], "order": orders.get(name), "decision": _decision(decided, name in kept)}
            | _pick_columns(picks.get(name))
            | _choice_columns(kept.get(name))
            | {"reason": reasons[name]}
        )
        for name in names
    ]


def _known(config: Config, documents: WorkFolderDocuments) -> dict[str, dict[str, object]]:
    """Columns of each feature that preprocessing alone decides."""
    statistics, train_rows = documents.statistics.by_name(), max(documents.manifest.splits["train"].rows, 1)
    columns: dict[str, dict[str, object]] = {}
    for encoding in documents.features.encodings:
        counted, width = statistics[encoding.name], encoding.width(config.model.embedding_width)
        columns[encoding.name] = {
            "feature": encoding.name,
            "distinct": counted.distinct,
            "missing": counted.missing,
            "missing_share": round(counted.missing / train_rows, 6),
            "table_rows": encoding.rows,
            "full_width": width,
            "full_bytes": table_bytes(encoding, width),
        }
    return columns


def _first_picks(path: Iterable[PathRow]) -> dict[str, PathRow]:
    """A feature may be picked more than once, each time at a larger width."""
    picks: dict[str, PathRow] = {}
    for pick in path:
        picks.setdefault(pick.feature, pick)
    return picks


def _pick_columns(pick: PathRow | None) -> dict[str, object]:
    return {name: getattr(pick, name, None) for name in ("round", "attention", "equal_shares", "score", "gain")}


def _choice_columns(kept: Kept | None) -> dict[str, object]:
    if kept is None:
        # Zeros and no blanks, so that a column can be summed.
        return {"kept_rows": 0, "width": 0, "bytes": 0}
    return {"kept_rows": kept.rows, "width": kept.width, "bytes": kept.bytes}


def _decision(decided: bool, kept: bool) -> Decision:
    if not decided:
        return "open"
    return "kept" if kept else "dropped"


def _reasons(documents: WorkFolderDocuments) -> dict[str, str]:
    """Why each feature is kept or dropped, in words; empty where there is nothing to say."""
    # From the earliest document to the latest: each knows more than those before it, and overwrites them.
    reasons = {statistics.name: statistics.fault or "" for statistics in documents.statistics.features}
    reasons |= documents.path.not_candidates if documents.path else {}
    if documents.selection:
        reasons |= {entry.feature: entry.reason for entry in documents.selection.dropped}
        reasons |= {entry.feature: _reason_to_keep(entry) for entry in documents.selection.kept}
    return reasons


def _reason_to_keep(kept: Kept) -> str:
    return f"picked in round {kept.round}" if kept.round else "kept by the config"

"""The headline of a report: full model and pruned model in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from features.document import Document
from features.proof import Measured, Proof, Timing
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.feature_rows import FeatureRow

TYPICAL_BATCH = "32"  # rows a request whose latency the headline names, where it was measured


class Speeds(Document):
    """Training speed in examples a second."""

    full: float
    pruned: float


class Latencies(Document):
    """Median microseconds a request of `batch` rows."""

    batch: int
    full: float
    pruned: float


class Headline(Document):
    """What a report says first.

    Attributes:
      features: of the data, whatever becomes of them.
      full_bytes: of the full model's tables.
      kept, bytes: of the choice; None before there is one.
      split, rows, seeds, confidence: of the proof; these and the following are None before full and pruned model are proved.
      full_auc, full_interval, full_features: of the full model; how many features it takes.
      full_without: the features of the data that the full model does without, each with a reason, where there are any.
      auc, interval: of the pruned model.
      auc_kept: share of the full model's AUC.
      difference, difference_interval: of the pruned model's AUC from the full model's.
      examples_per_second: in training, where it was timed.
      latency_us: in serving, where it was measured.
    """

    # What a proof or a measurement fills, left out of the document while there is none.
    optional_fields: ClassVar[frozenset[str]] = frozenset(
        {
            "split",
            "rows",
            "seeds",
            "confidence",
            "full_auc",
            "full_interval",
            "full_features",
            "full_without",
            "auc",
            "interval",
            "auc_kept",
            "difference",
            "difference_interval",
            "examples_per_second",
            "latency_us",
        }
    )

    features: int
    kept: int | None
    full_bytes: int
    bytes: int | None
    split: str | None = None
    rows: int | None = None
    seeds: list[int] | None = None
    confidence: float | None = None
    full_auc: float | None = None
    full_interval: tuple[float, float] | None = None
    full_features: int | None = None
    full_without: dict[str, str] | None = None
    auc: float | None = None
    interval: tuple[float, float] | None = None
    auc_kept: float | None = None
    difference: float | None = None
    difference_interval: tuple[float, float] | None = None
    examples_per_second: Speeds | None = None
    latency_us: Latencies | None = None


def headline(documents: WorkFolderDocuments, features: Sequence[FeatureRow]) -> Headline:
    """The headline of a work folder, as far as its stages have run.

    Args:
      documents: of the work folder.
      features: the rows of the features.
    """
    kept = [row for row in features if row.decision == "kept"] if documents.selection else None
    proof = documents.proof if documents.proof and documents.proof.has("full", "pruned") else None
    without = (proof.point("full").without if proof else None) or {}
    counts = {
        "features": len(features),
        "kept": None if kept is None else len(kept),
        # What the full model does without is in the data, but has no table in the model.
        "full_bytes": sum(row.full_bytes for row in features if row.feature not in without),
        "bytes": None if kept is None else sum(row.bytes for row in kept),
    }
    costs = {
        "examples_per_second": _speeds(documents.timing) if documents.timing else None,
        "latency_us": _latencies(documents.measured) if documents.measured else None,
    }
    return Headline.model_validate(counts | costs | (_proved(proof) if proof else {}))


def _proved(proof: Proof) -> dict[str, object]:
    """The fields that need a proof of the full and the pruned model."""
    full_model = proof.point("full")
    full, pruned = full_model.auc, proof.point("pruned").auc
    return {
        "split": proof.split,
        "rows": proof.rows,
        "seeds": proof.seeds,
        "confidence": proof.confidence,
        "full_auc": full.mean,
        "full_interval": full.interval,
        "full_features": full_model.features,
        "full_without": full_model.without,
        "auc": pruned.mean,
        "interval": pruned.interval,
        "auc_kept": pruned.mean / full.mean,
        "difference": pruned.difference,
        "difference_interval": pruned.difference_interval,
    }


def _speeds(timing: Timing) -> Speeds | None:
    full, pruned = (timing.training_examples_per_second.get(name) for name in ("full", "pruned"))
    return Speeds(full=full, pruned=pruned) if full and pruned else None


def _latencies(measured: Measured) -> Latencies | None:
    full, pruned = (measured.latency_us.get(name, {}) for name in ("full", "pruned"))
    batches = [batch for batch in full if batch in pruned]
    if not batches:
        return None
    # The first that both models were measured with stands in where the typical one was not measured.
    batch = TYPICAL_BATCH if TYPICAL_BATCH in batches else batches[0]
    return Latencies(batch=int(batch), full=full[batch], pruned=pruned[batch])

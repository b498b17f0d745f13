"""The proved points as rows: of the report's table and of `proof.csv`."""

from __future__ import annotations

from features.document import Document
from features.proof import FIGURES, Figure, ProofPoint


class ProofRow(Document):
    """A set of features retrained from scratch. The fields are the columns of `proof.csv`.

    Attributes:
      name, features, bytes: as in `ProofPoint`.
      block, sparsity: of its tower, where that is thinned.
      auc and the other figures: mean, ends of its interval, difference from the full model and ends of that interval.
    """

    name: str
    features: int
    bytes: int
    block: int | None
    sparsity: float | None
    # Spelt out for each figure: these are the heads of `proof.csv`, which scripts read by name.
    auc: float
    auc_low: float
    auc_high: float
    auc_difference: float
    auc_difference_low: float
    auc_difference_high: float
    log_loss: float
    log_loss_low: float
    log_loss_high: float
    log_loss_difference: float
    log_loss_difference_low: float
    log_loss_difference_high: float
    normalised_entropy: float
    normalised_entropy_low: float
    normalised_entropy_high: float
    normalised_entropy_difference: float
    normalised_entropy_difference_low: float
    normalised_entropy_difference_high: float
    calibration: float
    calibration_low: float
    calibration_high: float
    calibration_difference: float
    calibration_difference_low: float
    calibration_difference_high: float


def proof_row(point: ProofPoint) -> ProofRow:
    """The row of a point."""
    thinned = point.block_sparsity or {}
    columns: dict[str, float] = {}
    for name in FIGURES:
        columns |= _columns(name, point.figure(name))
    identity = {"name": point.name, "features": point.features, "bytes": point.bytes}
    return ProofRow.model_validate(identity | {"block": thinned.get("block"), "sparsity": thinned.get("sparsity")} | columns)


def _columns(name: str, figure: Figure) -> dict[str, float]:
    (low, high), (least, most) = figure.interval, figure.difference_interval
    return {
        name: figure.mean,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_difference": figure.difference,
        f"{name}_difference_low": least,
        f"{name}_difference_high": most,
    }

"""What differs between two feature specs."""

from __future__ import annotations

from features.document import Document
from features.spec import FeatureSpec, KeptFeature


class SpecDifference(Document):
    """Two specs compared; pairs are of the old one and the new one.

    Attributes:
      same: whether both keep the same features at the same widths, with the same transforms and vocabularies.
      added, removed: features.
      widths: of the features in both whose widths differ.
      changed: features in both with another transform or vocabulary.
      bytes: of the tables.
      auc, log_loss: of the pruned model.
    """

    same: bool
    added: list[str]
    removed: list[str]
    widths: dict[str, tuple[int, int]]
    changed: list[str]
    bytes: tuple[int, int]
    auc: tuple[float, float]
    log_loss: tuple[float, float]


def spec_difference(old: FeatureSpec, new: FeatureSpec) -> SpecDifference:
    """Compares two specs."""
    before, after = ({feature.name: feature for feature in spec.kept} for spec in (old, new))
    both = [name for name in before if name in after]
    added, removed = [name for name in after if name not in before], [name for name in before if name not in after]
    widths = {n: (before[n].width, after[n].width) for n in both if before[n].width != after[n].width}
    changed = [name for name in both if _made_of(before[name]) != _made_of(after[name])]
    one, other = old.proof.point("pruned"), new.proof.point("pruned")
    return SpecDifference(
        # What decides a model's inputs and size; rounds, attention and gains may differ.
        same=not (added or removed or widths or changed),
        added=added,
        removed=removed,
        widths=widths,
        changed=changed,
        bytes=(old.bytes, new.bytes),
        auc=(one.auc.mean, other.auc.mean),
        log_loss=(one.log_loss.mean, other.log_loss.mean),
    )


def _made_of(feature: KeptFeature) -> dict[str, object]:
    """What decides the ids or floats of a feature."""
    return feature.model_dump(include={"kind", "inputs", "transform", "constants", "vocabulary", "rows", "length"})

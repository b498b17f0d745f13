"""Feature specs for people: one as a table, two compared."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from features.proof import ProofPoint
from features.spec import FeatureSpec, KeptFeature


def inspect(spec: FeatureSpec) -> Group:
    """What is kept, at which width and cost, from which round, with which gain; what is dropped, and why."""
    kept = _table("feature", "kind", "width", "rows", "bytes", "round", "attention", "gain")
    for feature in spec.kept:
        gain = "" if feature.gain is None else f"{feature.gain:+.4f}"
        figures = (feature.width, f"{feature.rows:,}", f"{feature.bytes:,}", feature.round, f"{feature.attention:.4f}", gain)
        kept.add_row(Text(feature.name), feature.kind, *map(str, figures))
    dropped = _table("dropped", "reason")
    for entry in spec.dropped:
        dropped.add_row(Text(entry.name), Text(entry.reason))
    budget = ", ".join(f"{name} {value}" for name, value in spec.budget.items())
    count = len(spec.kept) + len(spec.dropped)
    head = f"{spec.name}: {len(spec.kept)} of {count} features, {spec.bytes:,} of {spec.full_bytes:,} bytes (asked: {budget})"
    lines = [f"{point.name}: AUC {_auc(point)}, log loss {point.log_loss.mean:.4f}" for point in spec.proof.points]
    proved = f"{spec.proof.split}, {spec.proof.rows:,} rows, {len(spec.proof.seeds)} seeds; " + "; ".join(lines)
    return Group(Text(head, style="bold"), Text(proved), kept, *([dropped] if spec.dropped else []))


def compare(old: FeatureSpec, new: FeatureSpec) -> dict[str, Any]:
    """What differs between two specs.

    Returns:
      `same` (features, widths, transforms and vocabularies), `added` and `removed` features, `widths` and `changed`
      (transform or vocabulary) of those in both, and `bytes` and the pruned model's `auc` and `log_loss`, each as a pair.
    """
    before, after = ({feature.name: feature for feature in spec.kept} for spec in (old, new))
    both = [name for name in before if name in after]
    widths = {n: [before[n].width, after[n].width] for n in both if before[n].width != after[n].width}
    made = [_made(before[name]) != _made(after[name]) for name in both]
    found: dict[str, Any] = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "widths": widths,
        "changed": [name for name, differs in zip(both, made, strict=True) if differs],
    }
    points = [spec.proof.point("pruned") for spec in (old, new)]
    figures = {
        "bytes": [old.bytes, new.bytes],
        "auc": [point.auc.mean for point in points],
        "log_loss": [point.log_loss.mean for point in points],
    }
    return {"same": not any(found.values()), **found, **figures}


def difference(document: dict[str, Any]) -> Group:
    """`compare`'s findings as text."""
    lines = [f"+ {name}" for name in document["added"]]
    lines += [f"- {name}" for name in document["removed"]]
    lines += [f"~ {name}: width {old} -> {new}" for name, (old, new) in document["widths"].items()]
    lines += [f"~ {name}: another transform or vocabulary" for name in document["changed"]]
    (old_bytes, new_bytes), (old_auc, new_auc), (old_loss, new_loss) = (document[n] for n in ("bytes", "auc", "log_loss"))
    lines.append(f"bytes {old_bytes:,} -> {new_bytes:,} ({new_bytes - old_bytes:+,})")
    lines.append(f"AUC {old_auc:.4f} -> {new_auc:.4f} ({new_auc - old_auc:+.4f})")
    lines.append(f"log loss {old_loss:.4f} -> {new_loss:.4f} ({new_loss - old_loss:+.4f})")
    return Group(*(Text(line) for line in ["the same features" if document["same"] else "different features", *lines]))


def _made(feature: KeptFeature) -> dict[str, Any]:
    return dict(feature.model_dump(include={"kind", "inputs", "transform", "constants", "vocabulary", "rows", "length"}))


def _auc(point: ProofPoint) -> str:
    low, high = point.auc.interval
    return f"{point.auc.mean:.4f} ({low:.4f} to {high:.4f})"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in ("feature", "kind", "dropped", "reason") else "right")
    return table

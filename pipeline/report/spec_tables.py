"""Feature specs for people: one as a table, the difference of two as lines."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from features.proof import ProofPoint
from features.spec import FeatureSpec
from pipeline.report.spec_difference import SpecDifference


def spec_table(spec: FeatureSpec) -> Group:
    """What is kept, at which width and cost, from which round, with which gain; what is dropped, and why."""
    kept = _table("feature", "kind", "width", "rows", "bytes", "round", "attention", "gain")
    for feature in spec.kept:
        gain = "" if feature.gain is None else f"{feature.gain:+.4f}"
        figures = (feature.width, f"{feature.rows:,}", f"{feature.bytes:,}", feature.round, f"{feature.attention:.4f}", gain)
        # A name as text, here and below: rich would take square brackets in it for markup.
        kept.add_row(Text(feature.name), feature.kind, *map(str, figures))
    dropped = _table("dropped", "reason")
    for entry in spec.dropped:
        dropped.add_row(Text(entry.name), Text(entry.reason))
    budget = ", ".join(f"{name} {value}" for name, value in spec.budget.items())
    count = len(spec.kept) + len(spec.dropped)
    head = f"{spec.name}: {len(spec.kept)} of {count} features, {spec.bytes:,} of {spec.full_bytes:,} bytes (asked: {budget})"
    lines = [f"{point.name}: AUC {_auc(point)}, log loss {point.log_loss.mean:.4f}" for point in spec.proof.points]
    proved = f"{spec.proof.split}, {spec.proof.rows:,} rows, {len(spec.proof.seeds)} seeds; " + "; ".join(lines)
    # No table of dropped features where all are kept.
    return Group(Text(head, style="bold"), Text(proved), kept, *([dropped] if spec.dropped else []))


def difference_lines(difference: SpecDifference) -> Group:
    """What differs between two specs, a line each."""
    lines = ["the same features" if difference.same else "different features"]
    lines += [f"+ {name}" for name in difference.added]
    lines += [f"- {name}" for name in difference.removed]
    lines += [f"~ {name}: width {old} -> {new}" for name, (old, new) in difference.widths.items()]
    lines += [f"~ {name}: another transform or vocabulary" for name in difference.changed]
    old_bytes, new_bytes = difference.bytes
    lines.append(f"bytes {old_bytes:,} -> {new_bytes:,} ({new_bytes - old_bytes:+,})")
    for title, (old, new) in (("AUC", difference.auc), ("log loss", difference.log_loss)):
        lines.append(f"{title} {old:.4f} -> {new:.4f} ({new - old:+.4f})")
    return Group(*(Text(line) for line in lines))


def _auc(point: ProofPoint) -> str:
    low, high = point.auc.interval
    return f"{point.auc.mean:.4f} ({low:.4f} to {high:.4f})"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in ("feature", "kind", "dropped", "reason") else "right")
    return table

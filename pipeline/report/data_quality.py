"""What a person should know of the columns: findings, rejected rows, drift from train to test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.statistics import Statistics

_NEAR_UNIQUE = 0.5  # distinct values per value seen


def data_quality(found: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Findings by feature; `rejected` and `drift` where preprocessing has counted them.

    Args:
      found: the documents of a work folder.
      features: the report's rows of features.
    """
    findings = []
    ordinary = ("", "not chosen", "excluded by the config")
    statistics = {values["name"]: Statistics.model_validate(values) for values in found["statistics"]["features"]}
    for row in features:
        name, own = row["feature"], statistics[row["feature"]]
        if row["decision"] != "kept" and row["reason"] not in ordinary:
            findings.append({"feature": name, "finding": row["reason"], "detail": "takes no part in the selection"})
        elif row["kind"] in ("categorical", "multivalued") and own.distinct > _NEAR_UNIQUE * own.count > 0:
            detail = f"{own.distinct:,} distinct values among {own.count:,}: an id this rare cannot be learnt"
            findings.append({"feature": name, "finding": "near-unique", "detail": detail})
        if row["missing_share"] > 0.5:
            detail = f"no value in {100 * row['missing_share']:.1f} % of the train rows"
            findings.append({"feature": name, "finding": "mostly missing", "detail": detail})
    splits = found["statistics"].get("splits", {})
    other = {values["name"]: Statistics.model_validate(values) for values in splits.get("test", [])}
    drift = [_drift(own, other[name]) for name, own in statistics.items() if name in other]
    drift.sort(key=lambda row: -max(row["top_values"], abs(row["missing_share"]), abs(row["mean"] or 0)))
    return {"findings": findings, "rejected": found["statistics"].get("rejected"), "drift": drift}


def _drift(train: Statistics, test: Statistics) -> dict[str, Any]:
    """Test against train: change of the missing share, of the mean (in train deviations), and of the top values' shares.

    `top_values` is the total variation distance over the most frequent values of both (0 alike, 1 disjoint).
    """
    shares = [{value: count / max(own.count, 1) for value, count in own.top} for own in (train, test)]
    moved = sum(abs(shares[0].get(value, 0) - shares[1].get(value, 0)) for value in {*shares[0], *shares[1]}) / 2
    missing = [own.missing / max(own.count + own.missing, 1) for own in (train, test)]
    known = train.mean is not None and test.mean is not None and train.std
    mean = ((test.mean or 0) - (train.mean or 0)) / (train.std or 1) if known else None
    return {"feature": train.name, "missing_share": missing[1] - missing[0], "mean": mean, "top_values": moved}

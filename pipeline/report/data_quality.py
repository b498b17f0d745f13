"""What a person should know of the columns: findings, rejected rows, drift from train to test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from features.document import Document
from features.statistics import Statistics, StatisticsDocument
from pipeline.report.feature_rows import FeatureRow

# Of categorical values, `features.statistics.NEAR_UNIQUE` leaves out those that hardly ever come twice. Above half as many
# values as cells the feature may be selected, but most of its values are too rare for an embedding of their own.
MOSTLY_RARE = 0.5
MOSTLY_MISSING = 0.5  # share of the train rows without a value
_ORDINARY_REASONS = ("", "not chosen", "excluded by the config")  # that say nothing about the data


class Finding(Document):
    """Something about a feature that a person would want to know."""

    feature: str
    finding: str
    detail: str


class Drift(Document):
    """A feature in the test split against the train split.

    Attributes:
      feature: its name.
      missing_share: change of the share of rows without a value.
      mean: change of the mean, in standard deviations of the train rows; None where there is no mean.
      top_values: total variation distance over the most frequent values of both splits: 0 alike, 1 disjoint.
    """

    feature: str
    missing_share: float
    mean: float | None
    top_values: float

    @property
    def size(self) -> float:
        """The largest of the changes, to sort by."""
        return max(self.top_values, abs(self.missing_share), abs(self.mean or 0))


class DataQuality(Document):
    """Findings by feature, rejected rows by reason, and drift, the largest first."""

    findings: list[Finding]
    rejected: dict[str, int]
    drift: list[Drift]


def data_quality(statistics: StatisticsDocument, features: Sequence[FeatureRow]) -> DataQuality:
    """What the statistics say about the columns.

    Args:
      statistics: of all splits.
      features: the report's rows of features.
    """
    train, test = statistics.by_name(), statistics.by_name("test")
    drift = [_drift(train[name], test[name]) for name in train if name in test]
    return DataQuality(
        findings=[finding for row in features for finding in _findings(row, train[row.feature])],
        rejected=statistics.rejected,
        drift=sorted(drift, key=lambda row: -row.size),
    )


def _findings(row: FeatureRow, statistics: Statistics) -> Iterator[Finding]:
    # Why a feature takes no part says more than what else is odd about it.
    if row.decision != "kept" and row.reason not in _ORDINARY_REASONS:
        yield Finding(feature=row.feature, finding=row.reason, detail="takes no part in the selection")
    elif (rare := _rare_values(row, statistics)) is not None:
        yield rare
    if row.missing_share > MOSTLY_MISSING:
        detail = f"no value in {100 * row.missing_share:.1f} % of the train rows"
        yield Finding(feature=row.feature, finding="mostly missing", detail=detail)


def _rare_values(row: FeatureRow, statistics: Statistics) -> Finding | None:
    """Of features that take part: the config keeps near-unique ones where it says so."""
    counted = f"{statistics.distinct:,} distinct values among {statistics.count:,}"
    if statistics.near_unique:
        return Finding(feature=row.feature, finding="near-unique", detail=f"{counted}: an id this rare cannot be learnt")
    if row.kind in ("categorical", "multivalued") and statistics.distinct > MOSTLY_RARE * statistics.count > 0:
        return Finding(feature=row.feature, finding="mostly rare values", detail=f"{counted}: most are too rare to be learnt")
    return None


def _drift(train: Statistics, test: Statistics) -> Drift:
    train_shares, test_shares = _shares(train), _shares(test)
    known = train.mean is not None and test.mean is not None and train.std
    return Drift(
        feature=train.name,
        missing_share=_missing_share(test) - _missing_share(train),
        # In deviations of the train rows, so that features of any size can be compared.
        mean=((test.mean or 0) - (train.mean or 0)) / (train.std or 1) if known else None,
        top_values=_distance(train_shares, test_shares),
    )


def _shares(statistics: Statistics) -> dict[str, float]:
    """Of each frequent value among all values."""
    return {value: count / max(statistics.count, 1) for value, count in statistics.top}


def _missing_share(statistics: Statistics) -> float:
    return statistics.missing / max(statistics.count + statistics.missing, 1)


def _distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Total variation distance; `fsum`, as the order of a set of texts differs from process to process."""
    return math.fsum(abs(one.get(value, 0) - other.get(value, 0)) for value in {*one, *other}) / 2

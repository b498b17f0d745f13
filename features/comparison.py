"""Selection methods side by side: what `winnow compare` measures."""

from __future__ import annotations

from features.document import Document


class ComparedPoint(Document):
    """The first so many features of a method's rankings, retrained.

    Attributes:
      features: how many.
      bytes: of their tables, mean over the seeds.
      auc: mean over the seeds.
      interval: of the mean.
      by_seed: AUC of each seed.
    """

    features: int
    bytes: int
    auc: float
    interval: tuple[float, float]
    by_seed: list[float]


class ComparedMethod(Document):
    """A method's rankings.

    Attributes:
      seconds: of a ranking, mean over the seeds.
      spearman: mean rank correlation of the rankings of two seeds; None for a single seed.
      mean_auc: over the points of the curve.
      curve: by rising number of features.
      orders: the ranking of each seed.
    """

    seconds: float
    spearman: float | None
    mean_auc: float
    curve: list[ComparedPoint]
    orders: list[list[str]]


class Comparison(Document):
    """`compare/compare.json`.

    Attributes:
      split: that was scored.
      seeds: how many each method was ranked and retrained with.
      full: all features.
      methods: by name.
    """

    split: str
    seeds: int
    full: ComparedPoint
    methods: dict[str, ComparedMethod]

"""The cost model of the config's budget."""

from __future__ import annotations

from features.config import Config
from features.cost import CostModel, cost_model
from pipeline.dataset.transformed import Transformed


def budget_cost(config: Config, transformed: Transformed, folder: str) -> CostModel:
    """The cost model of the budget; of a latency, the one in `folder`, measured first where there is none.

    Args:
      config: of the run.
      transformed: the transformed folder, or a view of it with shorter vocabularies.
      folder: of the search, which keeps what was measured as `latency.json`.

    Raises:
      ConfigError: a budget of cost, and a feature without; or a latency that would be measured by a cluster.
    """
    if config.selection.budget.unit != "latency":
        return cost_model(config, transformed.features, transformed.encodings)
    # Imported here: no other budget needs what makes and times serving models.
    from pipeline.selection.latency import latency_model

    return latency_model(config, transformed, folder)

"""The search: training runs of a gated model over all candidates, each of which gives a whole path of picks."""

from __future__ import annotations

from features.config import Config
from features.path import SearchPath
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.selection.budget_cost import budget_cost
from pipeline.selection.feature_search import FeatureSearch
from pipeline.selection.keep_all import whole_path
from pipeline.selection.ranking_search import ranked_path
from pipeline.selection.search_run import SearchRun
from pipeline.selection.warnings import warn_of_data
from pipeline.selection.width_search import WidthSearch


def search(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes `path.json`, the path of features, and, where the budget counts more than features, that of widths.

    The latter is `frontier.json`. A budget of latency is measured here, and its cost model kept as `latency.json`.

    Args:
      config: of the run.
      workspace: with the transformed folder.
      folder: to write into.

    Raises:
      ConfigError: there is nothing to choose from, or fewer steps than rounds.
      DataError: the train split is smaller than a batch.
    """
    transformed = Transformed(workspace.folder("preprocess"))
    run = SearchRun.of(config, workspace, transformed)
    path = whole_path(run.candidates, config.selection.seed) if config.selection.budget.all else _searched(run)
    if workspace.writes:
        files.write_document(files.join(folder, "path.json"), path)
    if config.selection.budget.all:
        return
    # Even where no widths are searched: a latency is measured here, before a cluster spends it.
    cost = budget_cost(config, transformed, folder)
    if _searches_widths(config):
        widths = WidthSearch(run, cost).path()
        if workspace.writes:
            files.write_document(files.join(folder, "frontier.json"), widths)


def feature_path(run: SearchRun) -> SearchPath:
    """The path of the config's method over whole features."""
    sequential = run.config.selection.method == "sequential_attention"
    return FeatureSearch(run).path() if sequential else ranked_path(run)


def _searched(run: SearchRun) -> SearchPath:
    # Said before the search, which may take hours, and not after it.
    warn_of_data(run.train_rows)
    return feature_path(run)


def _searches_widths(config: Config) -> bool:
    selection = config.selection
    # A budget of features does not see widths, and other methods rank features only.
    by_gate = selection.method == "sequential_attention" and selection.allocator in ("auto", "frontier")
    return by_gate and selection.budget.unit != "features"

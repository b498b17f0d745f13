"""The path of a method that ranks all candidates at once, such as `permutation`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

import tensorflow as tf

from features.path import SearchPath
from models.ranking import RankingModel
from models.ranking_context import RankingContext
from models.ranking_methods import METHODS
from models.schedule import Schedule
from models.training import train
from pipeline.runtime.console import say
from pipeline.selection.estimator import ESTIMATION_ROWS
from pipeline.selection.path_builder import PathBuilder
from pipeline.selection.search_run import SearchRun


def ranked_path(run: SearchRun) -> SearchPath:
    """The candidates in the order of the method's ranking; a pick's attention is its share of all scores.

    Raises:
      ConfigError: there are fewer optimizer steps than candidates.
    """
    selection, candidates = run.config.selection, run.candidates
    builder = PathBuilder(selection.method, selection.seed, candidates)
    ranking = METHODS[selection.method](_context(run))
    say(f"search: {selection.method} ranks {', '.join(name for name, _ in ranking)}")
    # Scores may be negative (a permutation that helps): such features have no share.
    total = sum(max(0.0, score) for _, score in ranking) or 1.0
    unit_by_name = {" + ".join(unit): number for number, unit in enumerate(candidates.units)}
    builder.add_kept()
    for name, score in ranking:
        unit = unit_by_name[name]
        if unit not in candidates.kept_units:
            builder.add_unit(unit, len(builder.picks) + 1, max(0.0, score) / total, score)
    return builder.path()


def _context(run: SearchRun) -> RankingContext:
    """What methods build, train and look at: the same model and rows as Sequential Attention's search."""
    candidates, selection = run.candidates, run.config.selection
    schedule = Schedule.of(run.steps, len(candidates.units))
    build = partial(run.model, schedule=schedule)
    return RankingContext.of(
        candidates.encodings,
        candidates.widths,
        candidates.units,
        build,
        partial(_train, run),
        run.steps,
        _held_out(run),
        selection.seed,
    )


def _train(
    run: SearchRun, model: RankingModel, rounds: Sequence[int], callbacks: Sequence[tf.keras.callbacks.Callback]
) -> None:
    selection = run.config.selection
    # From the first batch on, so that all methods train on the same rows in the same order.
    train(model, run.train_rows.dataset(selection.batch_size, selection.seed), rounds, callbacks)


def _held_out(run: SearchRun) -> list[Any]:
    """Batches that methods score candidates on: validation rows, or train rows where there are none."""
    rows = run.validation_rows if run.transformed.rows("validation") else run.train_rows
    batch_size = run.config.selection.batch_size
    # As many rows as the estimates of a search look at, one batch at least.
    return list(islice(rows.ordered(batch_size), max(1, ESTIMATION_ROWS // batch_size)))

"""One model of a run, trained from scratch on given features, widths and rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from features.config import Config
from features.encoding import Encoding
from models.build import build_model
from models.ranking import RankingModel
from models.sparsity.masks import METHODS, BlockMasks
from models.sparsity.phases import DENSE, Phases
from models.strategy import make_strategy
from models.tower import sparse_layers
from models.training import train
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import SplitName, Transformed
from pipeline.runtime.console import progress, say
from pipeline.runtime.workspace import Workspace
from pipeline.training.progress import Watch
from pipeline.training.resume import batches, checkpoints
from pipeline.training.tensorboard import Events

# Fewer optimizer steps than this thin a tower at a visible loss of quality (docs/block_sparsity.md).
_SPARSE_STEPS = 400


def fit(
    config: Config,
    workspace: Workspace,
    transformed: Transformed,
    widths: Mapping[str, int],
    seed: int,
    split: SplitName = "train",
    sparse: bool = False,
    most: int | None = None,
) -> tuple[RankingModel, list[Encoding], float]:
    """Trains a model of the features that `widths` names, from scratch, on the rows of a split.

    Checkpoints and curves go into the work folder, where this process writes.

    Args:
      config: of the run.
      workspace: the work folder.
      transformed: the transformed folder.
      widths: columns of each feature, by name.
      seed: of the model's start and of the order of the rows.
      split: the rows to train on.
      sparse: whether the tower is thinned as the config asks; it is dense otherwise.
      most: optimizer steps after which training ends, if that is sooner.

    Returns:
      The model, its features' encodings in the order of its input, and examples per second.
    """
    encodings, training = transformed.subset(list(widths)), config.training
    reader = Reader(transformed, split, encodings, training.shuffle_rows)
    network = config.model if sparse else config.model.dense
    model = build_model(encodings, widths, network, training, make_strategy(training), seed)
    most_steps = min(reader.steps(training.batch_size) * training.epochs, most or sys.maxsize)
    phases, masks = _thinning(config, model, most_steps, seed, sparse)
    # Fewer than there are where rounds of one length leave a rest.
    steps = sum(phases.round_steps)
    if seed == training.seed:  # what is said of the first seed holds for all
        _say_sparsity(model, steps, sparse)
    # All that tells trainings of a run apart: from the checkpoint of another one nothing could be taken over.
    identity = {
        "widths": dict(widths),
        "seed": seed,
        "rows": [split, reader.rows],
        "cuts": dict(transformed.cuts),
        "sparse": sparse,
    }
    kept = checkpoints(config, workspace, "training", identity)
    with progress(f"training, {len(widths)} features", steps) as tick:
        events = Events(workspace, f"training/{len(widths)}_features_seed_{seed}")
        watch = Watch(tick, events, training.batch_size)
        source = batches(reader, training.batch_size, seed)
        seconds = train(model, source, phases.round_steps, [watch, *masks], kept)
    kept.clear()  # the next training of that name would pass them over, and they take disk
    return model, encodings, steps * training.batch_size / seconds


def _thinning(config: Config, model: RankingModel, steps: int, seed: int, sparse: bool) -> tuple[Phases, list[BlockMasks]]:
    """The rounds of a training, and the callback that thins the tower at their ends; no callback where it stays dense."""
    thinning = config.model.tower.block_sparsity if sparse else None
    if thinning is None:
        # One round for all: without anything to change between rounds there is no need for a second one.
        return Phases(((DENSE, 1),), steps), []
    phases = METHODS[thinning.method].phases(steps)
    return phases, [BlockMasks(sparse_layers(model), phases, thinning.method, seed)]


def _say_sparsity(model: RankingModel, steps: int, sparse: bool) -> None:
    """Says how each layer of the tower is thinned, and warns of too few steps to thin it in."""
    for layer in sparse_layers(model):
        say(layer.note)
    if sparse and steps < _SPARSE_STEPS:
        say(
            f"warning: model.tower.block_sparsity: {steps} optimizer steps are few to thin a tower in; from "
            f"{_SPARSE_STEPS} on it loses less. Raise training.epochs or lower training.batch_size"
        )

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
    data: Transformed,
    widths: Mapping[str, int],
    seed: int,
    split: SplitName = "train",
    sparse: bool = False,
    most: int | None = None,
) -> tuple[RankingModel, list[Encoding], float]:
    """Trains a model of the features that `widths` names, from scratch, on the rows of a split.

    Its tower is dense, or thinned as the config asks. Training ends after `most` steps, if that is sooner. Checkpoints and
    curves go into the work folder, where this process writes.

    Returns:
      The model, its features' encodings in the order of its input, and examples per second.
    """
    encodings = data.subset(list(widths))
    training = config.training
    reader = Reader(data, split, encodings, training.shuffle_rows)
    steps = min(reader.steps(training.batch_size) * training.epochs, most or sys.maxsize)
    strategy = make_strategy(training)
    network = config.model if sparse else config.model.dense
    model = build_model(encodings, widths, network, training, strategy, seed)
    thinning = config.model.tower.block_sparsity if sparse else None
    phases = METHODS[thinning.method].phases(steps) if thinning else Phases(((DENSE, 1),), steps)
    masks = [BlockMasks(sparse_layers(model), phases, thinning.method, seed)] if thinning else []
    steps = phases.rounds * phases.steps_per_round
    if seed == training.seed:
        for layer in sparse_layers(model):
            say(layer.note)
        if sparse and steps < _SPARSE_STEPS:
            say(
                f"warning: model.tower.block_sparsity: {steps} optimizer steps are few to thin a tower in; from "
                f"{_SPARSE_STEPS} on it loses less. Raise training.epochs or lower training.batch_size"
            )
    with progress(f"training, {len(widths)} features", steps) as tick:
        watch = Watch(tick, Events(workspace, f"training/{len(widths)}_features_seed_{seed}"), training.batch_size)
        job = {"widths": dict(widths), "seed": seed, "rows": [split, reader.rows], "cuts": dict(data.cuts), "sparse": sparse}
        kept = checkpoints(config, workspace, "training", job)
        dataset = batches(reader, training.batch_size, seed)
        seconds = train(model, dataset, phases.round_steps, [watch, *masks], kept)
    kept.clear()
    return model, encodings, steps * training.batch_size / seconds

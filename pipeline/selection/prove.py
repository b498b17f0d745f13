"""Proof: the full and the pruned model trained from scratch on the same data and seeds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from features.allocation import Allocation
from features.config import Config
from features.cost import total_bytes
from features.proof import Proof, ProofPoint, Timing
from features.selection import Selection
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import progress
from pipeline.runtime.workspace import Workspace
from pipeline.selection.contenders import contenders, is_thinned, twins
from pipeline.selection.proof_figures import ProofFigures
from pipeline.selection.retraining import Retrained, Retraining
from pipeline.selection.splits import Splits
from pipeline.selection.warnings import warn_of_quality
from pipeline.training.tensorboard import Events

Runs = Mapping[str, Sequence[Retrained]]  # of each point, by seed


def prove(config: Config, workspace: Workspace, folder: str) -> None:
    """Retrains the full and the pruned model, and `proof.points`, with several seeds; writes `proof.json` and `weights/`.

    The weights are those of the pruned model of the first seed; where the config asks for block sparsity it is that model
    whose tower is thinned, and a point `dense pruned` stands beside it. A point and seed already scored by an interrupted run
    is not trained again, nor is a point that equals an earlier one.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.

    Raises:
      ConfigError: nothing fits the budget of one of `proof.points`.
    """
    transformed = Transformed(workspace.folder("preprocess"))
    selection = files.read_document(Selection, files.join(workspace.folder("select"), "selection.json"))
    allocations = contenders(config, workspace, transformed, selection)
    started = time.monotonic()
    retraining = Retraining(config, workspace, transformed, Splits.of(config, transformed), folder)
    if workspace.writes:  # in a cluster all tasks train along, and the chief writes down
        files.make_folder(files.join(folder, "runs"))
    runs = _retrain(retraining, allocations)
    proof = _proof(retraining, allocations, runs)
    for point in proof.points:
        warn_of_quality(point.auc.mean, f"{point.name}: {proof.split}")
    if workspace.writes:
        files.write_document(files.join(folder, "proof.json"), proof)
        # Beside the proof and not in it, as speeds differ from run to run, and the spec that holds the proof must not.
        files.write_document(files.join(folder, "timing.json"), _timing(runs, time.monotonic() - started))


def _seeds(config: Config) -> list[int]:
    return [config.training.seed + number for number in range(config.proof.seed_count)]


def _retrain(retraining: Retraining, allocations: dict[str, Allocation]) -> Runs:
    """Every point with every seed, seed after seed, so that all points stand before the second seed begins."""
    config, split = retraining.config, retraining.splits.scored
    twin_of, seeds = twins(config, allocations), _seeds(config)
    events = Events(retraining.workspace, "prove")
    runs: dict[str, list[Retrained]] = {name: [] for name in allocations}
    with progress("prove", len(allocations) * len(seeds)) as tick:
        for seed in seeds:
            for name, allocation in allocations.items():
                if twin_of[name] == name:
                    # One model is exported: the pruned one of the first seed.
                    keep_weights = seed == seeds[0] and name == twin_of["pruned"]
                    runs[name].append(retraining.result(name, allocation, seed, keep_weights))
                else:
                    runs[name].append(runs[twin_of[name]][-1])
                quality = runs[name][-1].scores.quality()
                tick(sum(map(len, runs.values())), f"{name}, seed {seed}: {split}", auc=quality.auc)
                events.write(seed, {f"auc/{name}": quality.auc, f"log_loss/{name}": quality.log_loss})
    return runs


def _proof(retraining: Retraining, allocations: Mapping[str, Allocation], runs: Runs) -> Proof:
    config, transformed, splits = retraining.config, retraining.transformed, retraining.splits
    scores = {name: [run.scores for run in by_seed] for name, by_seed in runs.items()}
    figures = ProofFigures(scores, config.proof.bootstrap_samples, config.proof.confidence)
    return Proof(
        split=splits.scored,
        rows=transformed.rows(splits.scored),
        trained_on=splits.learnt,
        seeds=_seeds(config),
        confidence=config.proof.confidence,
        points=[_point(config, transformed, name, allocation, figures) for name, allocation in allocations.items()],
    )


def _point(config: Config, transformed: Transformed, name: str, allocation: Allocation, figures: ProofFigures) -> ProofPoint:
    sparsity = config.model.tower.block_sparsity if is_thinned(config, name) else None
    return ProofPoint(
        name=name,
        features=len(allocation.widths),
        bytes=total_bytes(transformed.cut(allocation.rows).encodings, allocation.widths),
        widths=allocation.widths,
        rows=dict(allocation.rows) or None,
        # Why a feature is not in another point is said by the selection.
        without=dict(FullModel.of(config, transformed).without) or None if name == "full" else None,
        block_sparsity=sparsity.model_dump() if sparsity else None,
        **figures.of(name),
    )


def _timing(runs: Runs, seconds: float) -> Timing:
    """The median speed of each point's trainings."""
    speeds = {name: np.median([run.examples_per_second for run in by_seed]) for name, by_seed in runs.items()}
    return Timing(
        training_examples_per_second={name: round(float(speed)) for name, speed in speeds.items()},
        seconds=round(seconds, 1),
    )

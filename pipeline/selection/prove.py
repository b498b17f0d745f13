"""Proof: the full and the pruned model trained from scratch on the same data and seeds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from features.allocation import Allocation
from features.config import Config
from features.cost import total_bytes
from features.encoding import full_widths
from models.metrics import Scores, block_draws, interval
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import SplitName, Transformed
from pipeline.runtime import files
from pipeline.runtime.console import progress
from pipeline.runtime.workspace import Workspace
from pipeline.selection.select import further_points
from pipeline.selection.warnings import warn_of_quality
from pipeline.training.fit import fit
from pipeline.training.tensorboard import Events

FIGURES = ("auc", "log_loss", "normalised_entropy", "calibration")


def prove(config: Config, workspace: Workspace, folder: str) -> None:
    """Retrains the full and the pruned model, and `proof.points`, with several seeds; writes `proof.json` and `weights/`.

    Where there are test rows, models train on the validation rows too: they have done their work, and the test rows are
    untouched. The weights are those of the pruned model of the first seed; where the config asks for block sparsity it is that
    model whose tower is thinned, and a point `dense pruned` stands beside it. A point and seed already scored by an interrupted
    run is not trained again, nor is a point that equals an earlier one: without a search, `full` and `pruned` are one model.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.
    """
    data = Transformed(workspace.folder("preprocess"))
    selection = files.read_json(files.join(workspace.folder("select"), "selection.json"))
    full = full_widths(data.encodings, config.model.embedding_width)
    points = {
        "full": Allocation(full),
        "pruned": Allocation.of(selection["kept"], data.encodings),
        **further_points(config, workspace, data),
    }
    if config.model.tower.block_sparsity:
        points["dense pruned"] = points["pruned"]
    twins = {name: _first_equal(config, points, name) for name in points}
    split: SplitName = "test" if data.rows("test") else "validation"
    learnt: SplitName = "train+validation" if split == "test" and config.proof.include_validation else "train"
    seeds = [config.training.seed + n for n in range(config.proof.seed_count)]
    if workspace.writes:
        files.make_folder(files.join(folder, "runs"))
    scores: dict[str, list[Scores]] = {name: [] for name in points}
    speeds: dict[str, list[float]] = {name: [] for name in points}
    started = time.monotonic()
    events = Events(workspace, "prove")
    with progress("prove", len(points) * len(seeds)) as tick:
        for seed in seeds:
            for name, allocation in points.items():
                twin = twins[name]
                if twin == name:
                    run = _Run(config, workspace, data.cut(allocation.rows), learnt, split, name, allocation.widths, seed)
                    found, speed = run.scores(folder, keep=seed == seeds[0] and name == twins["pruned"])
                else:
                    found, speed = scores[twin][-1], speeds[twin][-1]
                scores[name].append(found)
                speeds[name].append(speed)
                done = sum(len(runs) for runs in scores.values())
                tick(done, f"{name}, seed {seed}: {split}", auc=found.quality().auc)
                events.write(seed, {f"auc/{name}": found.quality().auc, f"log_loss/{name}": found.quality().log_loss})
    for name, found_by_seed in scores.items():
        warn_of_quality(float(np.mean([found.quality().auc for found in found_by_seed])), f"{name}: {split}")
    document = {
        "split": split,
        "rows": data.rows(split),
        "trained_on": learnt,
        "seeds": seeds,
        "confidence": config.proof.confidence,
        "points": _points(config, data, points, scores),
    }
    speeds_seen = {name: round(float(np.median(values))) for name, values in speeds.items()}
    if not workspace.writes:
        return
    files.write_json(files.join(folder, "proof.json"), document)
    timing = {"training_examples_per_second": speeds_seen, "seconds": round(time.monotonic() - started, 1)}
    files.write_json(files.join(folder, "timing.json"), timing)


@dataclass(frozen=True)
class _Run:
    """A point and a seed to train and score."""

    config: Config
    workspace: Workspace
    data: Transformed
    learnt: SplitName
    split: SplitName
    name: str
    widths: Mapping[str, int]
    seed: int

    def scores(self, folder: str, keep: bool) -> tuple[Scores, float]:
        """Scores and training speed, those in `folder` where an interrupted proof left them; keeps the weights if asked."""
        path = files.join(folder, "runs", f"{self.name.replace(' ', '_')}-{self.seed}")
        if files.exists(f"{path}.npz") and files.exists(f"{path}.json"):
            return Scores.from_bytes(files.read_bytes(f"{path}.npz"), f"{path}.npz"), float(files.read_json(f"{path}.json"))
        sparse = _thinned(self.config, self.name)
        model, encodings, speed = fit(self.config, self.workspace, self.data, self.widths, self.seed, self.learnt, sparse)
        scores = evaluate(model, Reader(self.data, self.split, encodings).ordered(8192))
        if not self.workspace.writes:
            return scores, speed
        if keep:
            tf.train.Checkpoint(model=model).write(files.join(folder, "weights", "pruned"))
        files.write_json(f"{path}.json", speed)
        files.write_bytes(f"{path}.npz", scores.to_bytes())
        return scores, speed


def _thinned(config: Config, point: str) -> bool:
    return point == "pruned" and config.model.tower.block_sparsity is not None


def _first_equal(config: Config, points: Mapping[str, Allocation], name: str) -> str:
    """The first point that trains the same model as `name`, as often as not itself."""
    return next(o for o in points if points[o] == points[name] and _thinned(config, o) == _thinned(config, name))


def _points(
    config: Config, data: Transformed, points: Mapping[str, Allocation], scores: Mapping[str, Sequence[Scores]]
) -> list[dict[str, Any]]:
    draws = block_draws(config.proof.bootstrap_samples)
    resampled = {name: [found.resampled(draws) for found in runs] for name, runs in scores.items()}
    sparsity = config.model.tower.block_sparsity
    thinned = {"pruned": {"block_sparsity": sparsity.model_dump()}} if sparsity else {}
    mean = {n: {f: np.mean([run[f] for run in runs], axis=0) for f in FIGURES} for n, runs in resampled.items()}
    documents = []
    for name, allocation in points.items():
        widths = allocation.widths
        quality = [vars(found.quality()) for found in scores[name]]
        figures = {}
        for figure in FIGURES:
            values = [run[figure] for run in quality]
            figures[figure] = {
                "mean": float(np.mean(values)),
                "by_seed": values,
                "interval": interval(mean[name][figure], config.proof.confidence),
                "difference": float(np.mean(values) - np.mean([vars(f.quality())[figure] for f in scores["full"]])),
                "difference_interval": interval(mean[name][figure] - mean["full"][figure], config.proof.confidence),
            }
        documents.append(
            {
                "name": name,
                "features": len(widths),
                "bytes": total_bytes(data.cut(allocation.rows).encodings, widths),
                "widths": dict(widths),
                **({"rows": dict(allocation.rows)} if allocation.rows else {}),
                **figures,
                **thinned.get(name, {}),
            }
        )
    return documents

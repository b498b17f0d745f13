"""Proof: the full and the pruned model trained from scratch on the same data and seeds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from features.config import Config
from features.cost import total_bytes
from features.encoding import Encoding
from models.metrics import Scores, block_draws, interval
from models.ranking import RankingModel
from models.strategy import make_strategy
from models.training import build_model, score, train
from pipeline import files
from pipeline.console import progress
from pipeline.dataset import Reader, SplitName, Transformed

FIGURES = ("auc", "log_loss", "normalised_entropy", "calibration")


def fit(config: Config, data: Transformed, widths: Mapping[str, int], seed: int) -> tuple[RankingModel, list[Encoding], float]:
    """Trains a model of the features that `widths` names, from scratch.

    Returns:
      The model, its features' encodings in the order of its input, and examples per second.
    """
    encodings = data.subset(list(widths))
    training = config.training
    reader = Reader(data, "train", encodings, training.shuffle_rows)
    steps = reader.steps(training.batch_size) * training.epochs
    strategy = make_strategy(training.strategy)
    model = build_model(encodings, widths, config.model, training, strategy, seed)
    seconds = train(model, reader.dataset(training.batch_size, seed), 1, steps)
    return model, encodings, steps * training.batch_size / seconds


def prove(config: Config, data: Transformed, selection: Mapping[str, Any], folder: str) -> None:
    """Retrains the full and the pruned model with several seeds; writes `proof.json` and `weights/`.

    The weights are those of the pruned model of the first seed. A point and seed already scored by an interrupted run is
    not trained again.
    """
    full = {encoding.name: encoding.width(config.model.embedding_width) for encoding in data.encodings}
    points = {"full": full, "pruned": {kept["feature"]: kept["width"] for kept in selection["kept"]}}
    split: SplitName = "test" if data.rows("test") else "validation"
    seeds = [config.training.seed + n for n in range(config.proof.seeds)]
    files.make_folder(files.join(folder, "runs"))
    scores: dict[str, list[Scores]] = {name: [] for name in points}
    speeds: dict[str, list[float]] = {name: [] for name in points}
    started = time.monotonic()
    with progress("retrain", len(points) * len(seeds)) as tick:
        for seed in seeds:
            for name, widths in points.items():
                found, speed = _run(config, data, split, name, widths, seed, folder, seed == seeds[0])
                scores[name].append(found)
                speeds[name].append(speed)
                done = sum(len(runs) for runs in scores.values())
                tick(done, f"{name}, seed {seed}: {split} AUC {found.quality().auc:.4f}")
    document = {
        "split": split,
        "rows": data.rows(split),
        "seeds": seeds,
        "confidence": config.proof.confidence,
        "points": _points(config, data, points, scores),
    }
    speeds_seen = {name: round(float(np.median(values))) for name, values in speeds.items()}
    files.write_json(files.join(folder, "proof.json"), document)
    timing = {"training_examples_per_second": speeds_seen, "seconds": round(time.monotonic() - started, 1)}
    files.write_json(files.join(folder, "timing.json"), timing)


def _run(
    config: Config,
    data: Transformed,
    split: SplitName,
    name: str,
    widths: Mapping[str, int],
    seed: int,
    folder: str,
    first: bool,
) -> tuple[Scores, float]:
    path = Path(folder, "runs", f"{name}-{seed}.npz")
    if path.exists():
        with np.load(path) as held:
            return Scores.restore(held), float(held["speed"])
    model, encodings, speed = fit(config, data, widths, seed)
    scores = score(model, Reader(data, split, encodings).ordered(8192))
    if first and name == "pruned":
        tf.train.Checkpoint(model=model).write(files.join(folder, "weights", "pruned"))
    aside = path.with_suffix(".partial.npz")
    np.savez_compressed(aside, allow_pickle=False, speed=speed, **scores.state())
    aside.rename(path)
    return scores, speed


def _points(
    config: Config, data: Transformed, points: Mapping[str, Mapping[str, int]], scores: Mapping[str, Sequence[Scores]]
) -> list[dict[str, Any]]:
    draws = block_draws(config.proof.bootstrap)
    resampled = {name: [found.resampled(draws) for found in runs] for name, runs in scores.items()}
    mean = {n: {f: np.mean([run[f] for run in runs], axis=0) for f in FIGURES} for n, runs in resampled.items()}
    documents = []
    for name, widths in points.items():
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
                "bytes": total_bytes(data.encodings, widths),
                "widths": dict(widths),
                **figures,
            }
        )
    return documents

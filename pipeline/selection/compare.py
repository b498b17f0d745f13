"""Selection methods side by side: each ranks the same features, and the first k of each ranking are retrained alike."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from rich import box
from rich.table import Table

from features.config import Config
from features.cost import total_bytes
from features.encoding import full_widths
from features.errors import ConfigError
from models.consensus import spearman
from models.metrics import Scores, block_draws, interval
from models.ranking_methods import METHODS
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import SplitName, Transformed
from pipeline.runtime import files
from pipeline.runtime.console import progress
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.workspace import CHECKPOINTS, COMPARISON, Workspace
from pipeline.selection.candidates import Candidates
from pipeline.selection.estimate import EVALUATION_BATCH, rounded
from pipeline.selection.search import path_of_features
from pipeline.training.fit import fit

KNOWN = ("sequential_attention", *METHODS)
Widths = Mapping[str, int]


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Every ranking and every retrained set is kept in the folder under a fingerprint of all it depends on, so that a
    comparison that was interrupted, or is asked for more, does nothing twice.

    Attributes:
      config: of the run; its training and selection schedules are those of all methods.
      workspace: the work folder.
      data: its transformed folder.
      folder: for `compare.json`, `compare.png`, `rankings/` and `runs/`.
      methods: names as in `selection.method`.
      counts: numbers of features to retrain with.
      seeds: how many seeds each method ranks, and is retrained, with.
    """

    config: Config
    workspace: Workspace
    data: Transformed
    folder: str
    methods: Sequence[str]
    counts: Sequence[int]
    seeds: int

    @classmethod
    def of(cls, config: Config, workspace: Workspace, methods: str, counts: str, seeds: int) -> Comparison:
        """From the command line's words; `all` methods, or names and numbers with commas between.

        Raises:
          ConfigError: a number of features is no number.
        """
        names = list(KNOWN) if methods == "all" else [name.strip() for name in methods.split(",")]
        try:
            numbers = sorted({int(count) for count in counts.split(",")})
        except ValueError:
            raise ConfigError(f"--k: {counts!r} is not numbers with commas between, such as 5,10,20") from None
        data = Transformed(workspace.folder("preprocess"))
        return cls(config, workspace, data, workspace.join(COMPARISON), names, numbers, seeds)

    def check(self) -> None:
        """Raises a ConfigError where a method or a number of features is none."""
        for method in self.methods:
            if method not in KNOWN:
                raise ConfigError(f"--methods: {method!r} is not one of {', '.join(KNOWN)}")
        candidates = len(Candidates.of(self.config, self.data).names)
        for count in self.counts:
            if not 1 <= count <= candidates:
                raise ConfigError(f"--k: {count} is not between 1 and the {candidates} features there are to choose from")

    def run(self) -> dict[str, Any]:
        """Ranks and retrains, writes `compare.json` and `compare.png`, and returns the former's content.

        Raises:
          ConfigError: see `check`.
        """
        self.check()
        files.make_folder(files.join(self.folder, "rankings"))
        files.make_folder(files.join(self.folder, "runs"))
        with progress("compare", len(self.methods) * self.seeds * (1 + len(self.counts)) + self.seeds) as tick:
            done = 0

            def told(words: str) -> None:
                nonlocal done
                done += 1
                tick(done, words)

            full = full_widths(self.data.encodings, self.config.model.embedding_width)
            document: dict[str, Any] = {
                "split": self._split,
                "seeds": self.seeds,
                "full": self._point([full] * self.seeds, "all features", told),
                "methods": {method: self._method(method, told) for method in self.methods},
            }
        files.write_json(files.join(self.folder, "compare.json"), document)
        files.write_bytes(files.join(self.folder, "compare.png"), picture(document))
        files.remove(self.workspace.join(CHECKPOINTS))
        return document

    def _method(self, method: str, told: Any) -> dict[str, Any]:
        paths = []
        for number in range(self.seeds):
            paths.append(self._path(method, number))
            told(f"{method}, seed {number + 1}: ranked in {paths[-1]['seconds']:.0f} s")
        curve = []
        for count in sorted(self.counts):
            chosen = [{pick["feature"]: pick["width"] for pick in path["picks"][:count]} for path in paths]
            curve.append(self._point(chosen, f"{method}, {count} features", told))
        orders = [[pick["feature"] for pick in path["picks"]] for path in paths]
        return {
            "seconds": rounded(float(np.mean([path["seconds"] for path in paths]))),
            "spearman": agreement(orders),
            "mean_auc": rounded(float(np.mean([point["auc"] for point in curve]))),
            "curve": curve,
            "orders": orders,
        }

    def _path(self, method: str, number: int) -> dict[str, Any]:
        """`path.json` of a method and seed."""
        selection = self.config.selection
        selection = selection.model_copy(update={"method": method, "seed": selection.seed + number})
        config = self.config.model_copy(update={"selection": selection})
        parts = (config.model.model_dump(), config.training.model_dump(), selection.model_dump(exclude={"budget"}))
        name = f"{method}-{selection.seed}-{fingerprint(self._made_from, *parts)}.json"
        place = files.join(self.folder, "rankings", name)
        if not files.exists(place):
            files.write_json(place, path_of_features(config, self.workspace, self.data, Candidates.of(config, self.data)))
        return dict(files.read_json(place))

    def _point(self, chosen: Sequence[Widths], words: str, told: Any) -> dict[str, Any]:
        """A set of features a seed, each retrained and scored with its own."""
        draws = block_draws(self.config.proof.bootstrap_samples)
        resampled, by_seed = [], []
        for number, widths in enumerate(chosen):
            scores = self._scores(widths, self.config.training.seed + number)
            by_seed.append(rounded(scores.quality().auc))
            resampled.append(scores.resampled(draws)["auc"])
            told(f"{words}, seed {number + 1}: {self._split} AUC {by_seed[-1]:.4f}")
        low, high = interval(np.mean(resampled, axis=0), self.config.proof.confidence)
        return {
            "features": len(chosen[0]),
            "bytes": round(float(np.mean([total_bytes(self.data.encodings, widths) for widths in chosen]))),
            "auc": rounded(float(np.mean(by_seed))),
            "interval": [rounded(low), rounded(high)],
            "by_seed": by_seed,
        }

    def _scores(self, widths: Widths, seed: int) -> Scores:
        """Of a model trained from scratch; one that any method has had trained before is not trained again."""
        parts = (self.config.model.model_dump(), self.config.training.model_dump(), self._learnt, self._split)
        name = fingerprint(self._made_from, *parts, sorted(widths.items()), seed)
        path = files.join(self.folder, "runs", f"{name}.npz")
        if files.exists(path):
            return Scores.from_bytes(files.read_bytes(path), path)
        model, encodings, _ = fit(self.config, self.workspace, self.data, widths, seed, self._learnt)
        scores = evaluate(model, Reader(self.data, self._split, encodings).ordered(EVALUATION_BATCH))
        files.write_bytes(path, scores.to_bytes())
        return scores

    @property
    def _split(self) -> SplitName:
        return "test" if self.data.rows("test") else "validation"

    @property
    def _learnt(self) -> SplitName:
        """What models train on, as in the proof."""
        return "train+validation" if self._split == "test" and self.config.proof.include_validation else "train"

    @property
    def _made_from(self) -> Any:
        return self.data.manifest.model_dump(mode="json")["splits"]


def agreement(orders: Sequence[Sequence[str]]) -> float | None:
    """Spearman's rank correlation of rankings of the same names, the mean over all pairs; None for fewer than two."""
    if len(orders) < 2 or len(orders[0]) < 2:
        return None
    places = [{name: place for place, name in enumerate(order)} for order in orders]
    ranks = np.array([[own[name] for name in orders[0]] for own in places])
    return rounded(spearman(ranks))


def table(document: Mapping[str, Any]) -> Table:
    """A row a method, the best mean first."""
    counts = [point["features"] for point in next(iter(document["methods"].values()))["curve"]]
    shown = Table("method", *map(str, counts), "mean AUC", "seconds", "Spearman", box=box.SIMPLE_HEAD)
    shown.title = (
        f"{document['split']} AUC by number of features; all {document['full']['features']}: {document['full']['auc']:.4f}"
    )
    for name, found in sorted(document["methods"].items(), key=lambda item: -item[1]["mean_auc"]):
        cells = [f"{point['auc']:.4f}" for point in found["curve"]]
        agreed = "" if found["spearman"] is None else f"{found['spearman']:.2f}"
        shown.add_row(name, *cells, f"{found['mean_auc']:.4f}", f"{found['seconds']:.1f}", agreed)
    for column in shown.columns[1:]:
        column.justify, column.min_width = "right", 6  # rather wider than the terminal than cut figures
    shown.columns[0].min_width = max(map(len, document["methods"]))
    return shown


def picture(document: Mapping[str, Any]) -> bytes:
    """AUC against the number of features, and against bytes, as PNG."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    sides: npt.NDArray[Any] = figure.subplots(1, 2, sharey=True)
    for axes, cost in zip(sides, ("features", "bytes"), strict=True):
        for name, found in document["methods"].items():
            points = sorted(found["curve"], key=lambda point: point[cost])
            low, high = np.array([point["interval"] for point in points]).T
            costs = [point[cost] for point in points]
            (line,) = axes.plot(costs, [point["auc"] for point in points], marker="o", markersize=3, label=name)
            axes.fill_between(costs, low, high, color=line.get_color(), alpha=0.12, linewidth=0)
        axes.axhline(document["full"]["auc"], color="0.5", linewidth=1, linestyle="--", label="all features")
        axes.set_xlabel({"features": "features", "bytes": "bytes of embedding tables"}[cost])
        axes.grid(alpha=0.3)
    sides[1].set_xscale("log")
    sides[0].set_ylabel(f"{document['split']} AUC")
    sides[0].legend(fontsize=8)
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=120)
    return held.getvalue()

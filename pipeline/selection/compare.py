"""Selection methods side by side: each ranks the same features, and the first k of each ranking are retrained alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from features.comparison import ComparedMethod, ComparedPoint, Comparison
from features.config import Config
from features.cost import total_bytes
from features.document import rounded
from features.errors import ConfigError
from features.path import SearchPath
from models.consensus import spearman
from models.metrics import Scores, block_draws, interval
from models.ranking_methods import METHODS
from models.training import evaluate
from pipeline.dataset.full_model import FullModel
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.console import progress
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.workspace import CHECKPOINTS, COMPARISON, Workspace
from pipeline.selection.candidates import Candidates
from pipeline.selection.estimator import EVALUATION_BATCH
from pipeline.selection.search import feature_path
from pipeline.selection.search_run import SearchRun
from pipeline.selection.splits import Splits
from pipeline.training.fit import fit

# What can be compared: the gate's search, and the methods that rank all candidates at once.
KNOWN = ("sequential_attention", *METHODS)
Widths = Mapping[str, int]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Comparing:
    """A comparison to make: methods, numbers of features and seeds.

    Every ranking and every retrained set is kept in the folder under a fingerprint of all it depends on, so that a
    comparison that was interrupted, or is asked for more, does nothing twice.

    Attributes:
      config: of the run; its training and selection schedules are those of all methods.
      workspace: the work folder, with the transformed folder.
      methods: names as in `selection.method`.
      counts: numbers of features to retrain with, rising.
      seeds: how many seeds each method ranks, and is retrained, with.
    """

    config: Config
    workspace: Workspace
    methods: Sequence[str]
    counts: Sequence[int]
    seeds: int

    @classmethod
    def of(cls, config: Config, workspace: Workspace, methods: str, counts: str, seeds: int) -> Comparing:
        """From the command line's words; `all` methods, or names and numbers with commas between.

        Raises:
          ConfigError: a number of features is no number.
        """
        names = list(KNOWN) if methods == "all" else [name.strip() for name in methods.split(",")]
        try:
            # Each once and rising, as the curves are drawn.
            numbers = sorted({int(number) for number in counts.split(",")})
        except ValueError:
            raise ConfigError(f"--k: {counts!r} is not numbers with commas between, such as 5,10,20") from None
        return cls(config, workspace, names, numbers, seeds)

    @cached_property
    def transformed(self) -> Transformed:
        """The transformed folder."""
        return Transformed(self.workspace.folder("preprocess"))

    @cached_property
    def splits(self) -> Splits:
        """What models learn from and are scored on, as in the proof."""
        return Splits.of(self.config, self.transformed)

    @property
    def folder(self) -> str:
        """For `compare.json`, `rankings/` and `runs/`."""
        return self.workspace.join(COMPARISON)

    def check(self) -> None:
        """Raises a ConfigError where a method or a number of features is none."""
        for method in self.methods:
            if method not in KNOWN:
                raise ConfigError(f"--methods: {method!r} is not one of {', '.join(KNOWN)}")
        candidates = len(Candidates.of(self.config, self.transformed).names)
        for number in self.counts:
            if not 1 <= number <= candidates:
                raise ConfigError(f"--k: {number} is not between 1 and the {candidates} features there are to choose from")

    def run(self) -> Comparison:
        """Ranks and retrains, and writes `compare.json`.

        Raises:
          ConfigError: see `check`.
        """
        self.check()
        files.make_folder(files.join(self.folder, "rankings"))
        files.make_folder(files.join(self.folder, "runs"))
        full = FullModel.of(self.config, self.transformed).widths
        with self._progress() as report:
            comparison = Comparison(
                split=self.splits.scored,
                seeds=self.seeds,
                full=self._point([full] * self.seeds, "full model", report),
                methods={method: self._method(method, report) for method in self.methods},
            )
        files.write_document(files.join(self.folder, "compare.json"), comparison)
        # All that was trained is kept in the folder: nothing is left to go on from.
        files.remove(self.workspace.join(CHECKPOINTS))
        return comparison

    @contextmanager
    def _progress(self) -> Iterator[Report]:
        """Counts rankings and retrainings."""
        done, total = count(1), len(self.methods) * self.seeds * (1 + len(self.counts)) + self.seeds
        with progress("compare", total) as tick:
            yield lambda words: tick(next(done), words)

    def _method(self, method: str, report: Report) -> ComparedMethod:
        paths = []
        for number in range(self.seeds):
            paths.append(self._path(method, number))
            report(f"{method}, seed {number + 1}: ranked in {paths[-1].seconds:.0f} s")
        curve = [self._point(_heads(paths, k), f"{method}, {k} features", report) for k in self.counts]
        orders = [[pick.feature for pick in path.picks] for path in paths]
        return ComparedMethod(
            seconds=rounded(float(np.mean([path.seconds for path in paths]))),
            spearman=agreement(orders),
            mean_auc=rounded(float(np.mean([point.auc for point in curve]))),
            curve=curve,
            orders=orders,
        )

    def _path(self, method: str, number: int) -> SearchPath:
        """The path of a method and seed."""
        selection = self.config.selection
        selection = selection.model_copy(update={"method": method, "seed": selection.seed + number})
        config = self.config.model_copy(update={"selection": selection})
        # Not the budget: a ranking is the same whatever is cut from it.
        parts = (config.model.model_dump(), config.training.model_dump(), selection.model_dump(exclude={"budget"}))
        name = f"{method}-{selection.seed}-{fingerprint(self._rows, *parts)}.json"
        file = files.join(self.folder, "rankings", name)
        if not files.exists(file):
            files.write_document(file, feature_path(SearchRun.of(config, self.workspace, self.transformed)))
        return files.read_document(SearchPath, file)

    def _point(self, chosen: Sequence[Widths], words: str, report: Report) -> ComparedPoint:
        """Retrains and scores one set of features for each seed."""
        # The same draws for every point, so that points differ by their models and not by the rows drawn.
        draws = block_draws(self.config.proof.bootstrap_samples)
        resampled: list[npt.NDArray[np.float64]] = []
        by_seed: list[float] = []
        for number, widths in enumerate(chosen):
            scores = self._scores(widths, self.config.training.seed + number)
            by_seed.append(rounded(scores.quality().auc))
            resampled.append(scores.resampled(draws)["auc"])
            report(f"{words}, seed {number + 1}: {self.splits.scored} AUC {by_seed[-1]:.4f}")
        # What is reported is the mean over the seeds, so the interval is that of the mean.
        low, high = interval(np.mean(resampled, axis=0), self.config.proof.confidence)
        return ComparedPoint(
            features=len(chosen[0]),
            bytes=round(float(np.mean([total_bytes(self.transformed.encodings, widths) for widths in chosen]))),
            auc=rounded(float(np.mean(by_seed))),
            interval=(rounded(low), rounded(high)),
            by_seed=by_seed,
        )

    def _scores(self, widths: Widths, seed: int) -> Scores:
        """Scores of a model trained from scratch; what was trained for any method before is read and not trained again."""
        learnt, scored = self.splits.learnt, self.splits.scored
        parts = (self.config.model.model_dump(), self.config.training.model_dump(), learnt, scored)
        # Not the method: two that choose the same features share the training.
        name = fingerprint(self._rows, *parts, sorted(widths.items()), seed)
        file = files.join(self.folder, "runs", f"{name}.npz")
        if files.exists(file):
            return Scores.from_bytes(files.read_bytes(file), file)
        model, encodings, _ = fit(self.config, self.workspace, self.transformed, widths, seed, learnt)
        scores = evaluate(model, Reader(self.transformed, scored, encodings).ordered(EVALUATION_BATCH))
        files.write_bytes(file, scores.to_bytes())
        return scores

    @cached_property
    def _rows(self) -> Any:
        """The files of all splits with their checksums, for fingerprints of what was made from them."""
        return {name: split.model_dump(mode="json") for name, split in self.transformed.manifest.splits.items()}


def agreement(orders: Sequence[Sequence[str]]) -> float | None:
    """Spearman's rank correlation of rankings of the same names, the mean over all pairs; None for fewer than two."""
    if len(orders) < 2 or len(orders[0]) < 2:  # the correlation of one number is not defined
        return None
    ranks = [{name: rank for rank, name in enumerate(order)} for order in orders]
    return rounded(spearman(np.array([[rank_of[name] for name in orders[0]] for rank_of in ranks])))


def _heads(paths: Sequence[SearchPath], number: int) -> list[Widths]:
    """The first so many features of each path, at full width."""
    return [{pick.feature: pick.width for pick in path.picks[:number]} for path in paths]

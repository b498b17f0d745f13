"""One model of a proof: trained from scratch, scored, and kept, so that an interrupted proof does not train it again."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from features.allocation import Allocation
from features.config import Config
from models.metrics import Scores
from models.training import evaluate
from pipeline.dataset.reader import Reader
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.selection.contenders import is_thinned
from pipeline.selection.estimator import EVALUATION_BATCH
from pipeline.selection.splits import Splits
from pipeline.training.fit import fit


@dataclass(frozen=True)
class Retrained:
    """Scores and training speed of a retrained model.

    Attributes:
      scores: of all rows of the split.
      examples_per_second: of its training.
    """

    scores: Scores
    examples_per_second: float


@dataclass(frozen=True)
class Retraining:
    """Trains a point of the proof with a seed.

    Attributes:
      config: of the run.
      workspace: the work folder, for checkpoints and curves.
      transformed: the transformed folder.
      splits: what is learnt and scored.
      folder: of the proof.
    """

    config: Config
    workspace: Workspace
    transformed: Transformed
    splits: Splits
    folder: str

    def result(self, name: str, allocation: Allocation, seed: int, keep_weights: bool) -> Retrained:
        """Scores and speed of the model; read from `runs/` where an interrupted proof left them there."""
        # Names of points hold blanks, such as `10 features`.
        path = files.join(self.folder, "runs", f"{name.replace(' ', '_')}-{seed}")
        if files.exists(f"{path}.npz") and files.exists(f"{path}.json"):
            scores = Scores.from_bytes(files.read_bytes(f"{path}.npz"), f"{path}.npz")
            return Retrained(scores, float(files.read_json(f"{path}.json")))
        retrained = self._train(name, allocation, seed, keep_weights)
        if self.workspace.writes:
            # The scores come last: with them the run counts as done.
            files.write_json(f"{path}.json", retrained.examples_per_second)
            files.write_bytes(f"{path}.npz", retrained.scores.to_bytes())
        return retrained

    def _train(self, name: str, allocation: Allocation, seed: int, keep_weights: bool) -> Retrained:
        cut, sparse = self.transformed.cut(allocation.rows), is_thinned(self.config, name)
        model, encodings, speed = fit(self.config, self.workspace, cut, allocation.widths, seed, self.splits.learnt, sparse)
        scores = evaluate(model, Reader(cut, self.splits.scored, encodings).ordered(EVALUATION_BATCH))
        # Before the scores, which say that this model is done: a run killed in between trains it again.
        if keep_weights and self.workspace.writes:
            tf.train.Checkpoint(model=model).write(files.join(self.folder, "weights", "pruned"))
        return Retrained(scores, speed)

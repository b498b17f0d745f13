"""What lets a stage's training go on where it was interrupted, on one process or on several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np

from features.config import Config
from models.checkpoint import Checkpoints
from models.picks import Picks
from models.steps import BatchSource
from pipeline.dataset.reader import Reader
from pipeline.runtime.console import say
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.workspace import CHECKPOINTS, Workspace


class Memory(Protocol):
    """What a training's callbacks gather and variables do not hold, such as the picks of a search."""

    def to_json(self) -> Any:
        """As JSON values, for a checkpoint."""

    def restore(self, values: Any) -> None:
        """Goes on from what `to_json` gave."""


def checkpoints(
    config: Config,
    workspace: Workspace,
    name: str,
    identity: Mapping[str, Any],
    memory: Memory | None = None,
    picks: Picks | None = None,
) -> Checkpoints:
    """The checkpoints of one training of a run, in the work folder.

    Args:
      config: of the run.
      workspace: the work folder; a process that does not write reads checkpoints and leaves none.
      name: of the training, for instance `search`; trainings of one name follow each other.
      identity: JSON values that say which training it is, besides the config's model and training; a checkpoint of another
        is not read.
      memory: what its callbacks gather.
      picks: the `Picks` callback, if there is one.
    """

    # Standings and picks are no variables of the model, so TensorFlow's part of a checkpoint does not hold them.
    def remember() -> Any:
        gathered = {} if memory is None else {"memory": memory.to_json()}
        return gathered | ({} if picks is None else {"left": picks.left, "standings": picks.standings.tolist()})

    def recall(values: Any) -> None:
        if memory is not None:
            memory.restore(values["memory"])
        if picks is not None:
            picks.left, picks.standings = values["left"], np.array(values["standings"])

    folder, minutes = workspace.join(CHECKPOINTS, name), config.training.checkpoint_minutes
    return Checkpoints(folder, _fingerprints(config, identity), minutes, say, remember, recall, workspace.writes)


def _fingerprints(config: Config, identity: Mapping[str, Any]) -> dict[str, str]:
    """Fingerprints of all that a training's steps depend on, by part, so that a message can name the part that differs."""
    # How often checkpoints are written, and how long other tasks are waited for, change no step.
    training = config.training.model_dump(exclude={"checkpoint_minutes", "worker_minutes"})
    parts = {"model": config.model.model_dump(), "training": training, **identity}
    return {name: fingerprint(part) for name, part in parts.items()}


def batches(reader: Reader, batch_size: int, seed: int) -> BatchSource:
    """The reader's dataset from any step on, of any part of each batch."""
    # What is left open is the step to begin at, and the part of each batch: the training gives both.
    dataset_from: Callable[..., Any] = partial(reader.dataset, batch_size, seed)
    return dataset_from

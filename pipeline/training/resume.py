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

    def remember() -> Any:
        gathered = {} if memory is None else {"memory": memory.to_json()}
        return gathered | ({} if picks is None else {"left": picks.left, "standings": picks.standings.tolist()})

    def recall(values: Any) -> None:
        if memory is not None:
            memory.restore(values["memory"])
        if picks is not None:
            picks.left, picks.standings = values["left"], np.array(values["standings"])

    model, training = config.model.model_dump(), config.training.model_dump(exclude={"checkpoint_minutes", "worker_minutes"})
    whole = {"model": fingerprint(model), "training": fingerprint(training)}
    whole |= {key: fingerprint(value) for key, value in identity.items()}
    folder, minutes = workspace.join(CHECKPOINTS, name), config.training.checkpoint_minutes
    return Checkpoints(folder, whole, minutes, say, remember, recall, workspace.writes)


def batches(reader: Reader, batch_size: int, seed: int) -> BatchSource:
    """The reader's dataset from any step on, of any part of each batch."""
    made: Callable[..., Any] = partial(reader.dataset, batch_size, seed)
    return made

"""What lets a stage's training go on where it was interrupted, on one process or on several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from features.config import Config
from models.checkpoint import Checkpoints
from models.steps import BatchSource
from pipeline.dataset.reader import Reader
from pipeline.runtime.console import say
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.workspace import CHECKPOINTS, Workspace


def checkpoints(
    config: Config,
    workspace: Workspace,
    name: str,
    job: Mapping[str, Any],
    lists: Sequence[list[Any]] = (),
    picks: Any = None,
) -> Checkpoints:
    """The checkpoints of one training of a run, in the work folder.

    Args:
      config: of the run.
      workspace: the work folder; a process that does not write reads checkpoints and leaves none.
      name: of the training, for instance `search`; trainings of one name follow each other.
      job: what it is made of besides the config's model and training.
      lists: of JSON values that its callbacks fill; they are filled again from the checkpoint.
      picks: the `Picks` callback, if there is one.
    """

    def remember() -> Any:
        return {"lists": lists} | ({} if picks is None else {"left": picks.left, "standings": picks.standings.tolist()})

    def recall(memory: Any) -> None:
        for held, filled in zip(lists, memory["lists"], strict=True):
            held[:] = filled
        if picks is not None:
            picks.left, picks.standings = memory["left"], np.array(memory["standings"])

    model, training = config.model.model_dump(), config.training.model_dump(exclude={"checkpoint_minutes", "worker_minutes"})
    whole = {"model": fingerprint(model), "training": fingerprint(training)}
    whole |= {key: fingerprint(value) for key, value in job.items()}
    folder, minutes = workspace.join(CHECKPOINTS, name), config.training.checkpoint_minutes
    return Checkpoints(folder, whole, minutes, say, remember, recall, workspace.writes)


def batches(reader: Reader, batch_size: int, seed: int) -> BatchSource:
    """The reader's dataset from any step on, of any part of each batch."""
    made: Callable[..., Any] = partial(reader.dataset, batch_size, seed)
    return made

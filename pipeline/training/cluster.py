"""This process' task in the cluster that TF_CONFIG describes."""

from __future__ import annotations

from collections.abc import Collection

from features.config import Config
from models.strategy import follows, make_strategy, serve
from pipeline.runtime.tensorflow_import import load_tensorflow
from pipeline.runtime.workspace import TRAINING, Workspace


def join_cluster(config: Config, stages: Collection[str]) -> Workspace | None:
    """Sets this process up for its task, and gives the work folder as it may use it: only the chief may write.

    Returns:
      None where the process was a worker or server of parameter servers: it has served, and nothing is left to do.

    Raises:
      ConfigError: TF_CONFIG is malformed.
      TrainingError: another task did not come within `training.worker_minutes`.
    """
    # Workers and servers of parameter servers do what the chief sends them, and run no stage of their own.
    if serve(config.training):
        return None
    if config.training.strategy == "multi_worker" and set(stages) & set(TRAINING):
        load_tensorflow()
        # TensorFlow takes this strategy before its first operation only, and preprocessing has some.
        make_strategy(config.training)
    # All tasks come to the same results, so one of them is enough to write them down.
    return Workspace(config.work_dir, writes=not follows(config.training))

"""Where a result comes from: config, data, seeds, stages and versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from features.config import Config
from pipeline.runtime import files
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.stage import MARKER
from pipeline.runtime.versions import versions

_PACKAGES = (
    "winnow",
    "tensorflow",
    "tf_keras",
    "tensorflow-transform",
    "tensorflow-recommenders",
    "apache-beam",
    "pyarrow",
    "numpy",
)


def provenance(config: Config, found: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Of a work folder, as far as its stages have run.

    Args:
      config: of the run.
      found: the documents of the work folder.
      folder: the work folder.
    """
    stages = {}
    for name in ("transformed", "search", "selection", "proof", "model", "compare"):
        marker = files.join(folder, name, MARKER)
        if files.exists(marker):
            stages[name] = files.read_json(marker)
    seeds: dict[str, Any] = {"split": config.data.split.seed, "selection": config.selection.seed}
    return {
        "config": fingerprint(config.model_dump(mode="json")),
        "data": fingerprint(found["manifest"]),
        "seeds": seeds | {"training": [config.training.seed + number for number in range(config.proof.seed_count)]},
        "stages": stages,
        "schedule": (found["path"] or {}).get("schedule"),
        "method": (found["path"] or {}).get("method"),
        "search_seconds": (found["path"] or {}).get("seconds"),
        "versions": {"python": platform.python_version()} | versions(_PACKAGES),
    }

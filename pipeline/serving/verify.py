"""Verification of a SavedModel: its parts against the spec, and golden requests against the scores they must get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import DataError
from features.spec import sha256
from pipeline.runtime import files
from pipeline.serving.golden_requests import GOLDEN_FILE, read_golden
from pipeline.serving.saved_model import EXTRA, Served, saved_model

BLESSING_FILE = "blessing.json"
SIGNATURES = ("serving_default", "serving_examples")
TOLERANCE = 1e-5


def verify(path: str | Path) -> dict[str, Any]:
    """Replays the golden requests and writes `blessing.json` into `assets.extra`; takes an older one away first.

    Returns:
      The blessing: rows, greatest difference, and checksums of the files it is for.

    Raises:
      DataError: vocabularies, signatures or scores differ; says which and by how much.
    """
    extra = saved_model(path) / EXTRA
    (extra / BLESSING_FILE).unlink(missing_ok=True)
    served = Served(path)
    _check_signature(served)
    request, expected = read_golden(extra / GOLDEN_FILE, served.inputs)
    worst = 0.0
    for name, score in zip(SIGNATURES, (served.score, served.score_examples), strict=True):
        worst = max(worst, _difference(served, name, score(request), expected))
    hashed = ("saved_model.pb", "variables/variables.data-00000-of-00001")
    blessing = {
        "blessed": True,
        "rows": len(expected),
        "signatures": list(SIGNATURES),
        "greatest_difference": worst,
        "sha256": {name: sha256(served.folder / name) for name in hashed if (served.folder / name).exists()},
        "tensorflow": tf.__version__,
    }
    files.write_json(str(extra / BLESSING_FILE), blessing)
    return blessing


def _check_signature(served: Served) -> None:
    asked = {name: spec.dtype.name for name, spec in served.signature("serving_default").structured_input_signature[1].items()}
    declared = {column.argument: column.dtype for column in served.spec.inputs}
    if asked != declared:
        differing = sorted(set(asked.items()) ^ set(declared.items()))
        raise DataError(f"{served.folder}: serving_default and the spec differ in inputs: {json.dumps(differing)}")


def _difference(served: Served, signature: str, scores: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float:
    if scores.shape != expected.shape:
        raise DataError(f"{served.folder}: {signature} gives {len(scores)} scores for {len(expected)} golden requests")
    difference = np.abs(scores - expected)
    wrong = np.flatnonzero(~(difference <= TOLERANCE))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{served.folder}: {signature} scores {len(wrong)} of {len(expected)} golden requests otherwise; the first is "
            f"row {row}: {scores[row]:.6f} instead of {expected[row]:.6f}. The model is not the one that was exported"
        )
    return float(difference.max(initial=0.0))

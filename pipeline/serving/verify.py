"""Verification of a SavedModel: its parts against the spec, and golden requests against the scores they must get."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.document import Document
from features.errors import DataError
from features.spec import sha256
from pipeline.runtime import files
from pipeline.serving.golden_requests import GOLDEN_FILE, GoldenRequests
from pipeline.serving.saved_model import EXTRA, Served, saved_model

BLESSING_FILE = "blessing.json"
# Those that clients send raw rows to, as tensors and as tf.Example.
SIGNATURES = ("serving_default", "serving_examples")
TOLERANCE = 1e-5  # between scores of one model on two machines: float32 sums in another order differ by less
# Graph and weights: with others of these files the model is no longer the blessed one.
_HASHED = ("saved_model.pb", "variables/variables.data-00000-of-00001")


class Blessing(Document):
    """`blessing.json`: says that a SavedModel scores as it did when it was exported.

    Attributes:
      blessed: always true; deployment tools look for it.
      rows: golden requests that were replayed.
      signatures: through which.
      greatest_difference: of a score from the one it must be.
      sha256: of the files that the blessing is for.
      tensorflow: the version that replayed.
    """

    blessed: bool
    rows: int
    signatures: list[str]
    greatest_difference: float
    sha256: dict[str, str]
    tensorflow: str


def verify(path: str | Path) -> Blessing:
    """Replays the golden requests and writes `blessing.json` into `assets.extra`; takes an older one away first.

    Raises:
      DataError: the model is damaged, or vocabularies, signatures or scores differ; says which and by how much.
    """
    extra = saved_model(path) / EXTRA
    files.remove(str(extra / BLESSING_FILE))
    served = Served(path)
    _check_signature(served)
    golden = GoldenRequests.load(extra / GOLDEN_FILE)
    request, expected = golden.request(served.inputs), np.array(golden.scores, np.float32)
    scores = {"serving_default": served.score(request), "serving_examples": served.score_examples(request)}
    blessing = Blessing(
        blessed=True,
        rows=len(expected),
        signatures=list(SIGNATURES),
        greatest_difference=max(_difference(served, name, scores[name], expected) for name in SIGNATURES),
        sha256={name: sha256(served.folder / name) for name in _HASHED if (served.folder / name).exists()},
        tensorflow=tf.__version__,
    )
    files.write_document(str(extra / BLESSING_FILE), blessing)
    return blessing


def _check_signature(served: Served) -> None:
    specs = served.signature("serving_default").structured_input_signature[1]
    actual = {name: spec.dtype.name for name, spec in specs.items()}
    declared = {column.argument: column.dtype for column in served.spec.inputs}
    if actual != declared:
        differing = sorted(set(actual.items()) ^ set(declared.items()))
        raise DataError(f"{served.folder}: serving_default and the spec differ in inputs: {json.dumps(differing)}")


def _difference(served: Served, signature: str, scores: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float:
    """The greatest difference of scores [rows] from those expected."""
    if scores.shape != expected.shape:
        raise DataError(f"{served.folder}: {signature} gives {len(scores)} scores for {len(expected)} golden requests")
    difference = np.abs(scores - expected)
    # Not `>`, by which a score that is not a number would pass.
    wrong = np.flatnonzero(~(difference <= TOLERANCE))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{served.folder}: {signature} scores {len(wrong)} of {len(expected)} golden requests otherwise; the first is "
            f"row {row}: {scores[row]:.6f} instead of {expected[row]:.6f}. The model is not the one that was exported"
        )
    return float(difference.max(initial=0.0))

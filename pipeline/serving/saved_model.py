"""A SavedModel as serving and scoring load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import DataError
from features.inputs import Input
from features.spec import FILE, FeatureSpec
from models.literal_path import literal_path
from models.serving_model import SCORE
from pipeline.serving.synthetic_requests import Request, as_examples, as_tensors

T = TypeVar("T")
SAVED_MODEL, EXTRA = "saved_model", "assets.extra"
REMEDY = "copy the model folder whole, or `winnow export` again"


class Signature(Protocol):
    """A function of a SavedModel: named tensors in, named tensors out."""

    structured_input_signature: tuple[tuple[()], dict[str, tf.TensorSpec]]

    def __call__(self, **arguments: tf.Tensor) -> dict[str, tf.Tensor]:
        """Runs the function."""


class Served:
    """A SavedModel with its spec.

    Args:
      path: the SavedModel's folder, or the model folder that `winnow export` makes.

    Attributes:
      folder: of the SavedModel.
      spec: that lies in it.
      inputs: raw columns of a request.

    Raises:
      DataError: it is no SavedModel of Winnow's, it is damaged, or its vocabularies are not those of its spec.
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = saved_model(path)
        self.spec = FeatureSpec.load(self.folder / EXTRA / FILE)
        # Before it is loaded: with an exchanged vocabulary TensorFlow would score on, with other ids.
        self.spec.check_vocabularies(self.folder / "assets")
        self.inputs = [Input(column.name, column.dtype, column.length) for column in self.spec.inputs]
        # Kept whole: its signatures refer to its variables weakly, and would lose them with it.
        self._loaded = self._unharmed(lambda: tf.saved_model.load(literal_path(str(self.folder))))
        self._signatures: dict[str, Signature] = self._loaded.signatures

    def signature(self, name: str) -> Signature:
        """A signature's function.

        Raises:
          DataError: the model lacks it.
        """
        if name not in self._signatures:
            raise DataError(f"{self.folder}: has no signature {name!r}; `winnow export` again")
        return self._signatures[name]

    def score(self, request: Request) -> npt.NDArray[np.float32]:
        """Probabilities [rows] of raw columns by name, through `serving_default`.

        Raises:
          DataError: the model is damaged, or takes other columns than its spec says.
        """
        return np.asarray(self._run("serving_default", self._arguments(request))[SCORE])

    def transform(self, request: Request) -> dict[str, tf.Tensor]:
        """The network's inputs by their names in `serving_ids`; raises as `score` does."""
        return dict(self._run("transform", self._arguments(request)))

    def score_examples(self, request: Request) -> npt.NDArray[np.float32]:
        """Probabilities [rows] through `serving_examples`; raises as `score` does."""
        return np.asarray(self._run("serving_examples", {"examples": as_examples(request, self.inputs)})[SCORE])

    def _run(self, signature: str, arguments: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        function = self.signature(signature)
        return self._unharmed(lambda: function(**arguments))

    def _unharmed(self, call: Callable[[], T]) -> T:
        """The result of a call. Damage makes TensorFlow raise errors of any class, from ValueError to DataLossError."""
        try:
            return call()
        except Exception as error:
            # The first line says what is wrong; TensorFlow's others are a graph's traceback.
            lines = str(error).strip().splitlines() or [""]
            raise DataError(f"{self.folder}: is damaged ({type(error).__name__}: {lines[0]}); {REMEDY}") from error

    def _arguments(self, request: Request) -> dict[str, tf.Tensor]:
        arguments = {column.name: column.argument for column in self.spec.inputs}
        return {arguments[name]: tensor for name, tensor in as_tensors(request, self.inputs).items()}


def saved_model(path: str | Path) -> Path:
    """The SavedModel's folder, given itself or the model folder around it.

    Raises:
      DataError: it is not there.
    """
    # The model folder first, which has no `saved_model.pb` of its own.
    for folder in (Path(path, SAVED_MODEL), Path(path)):
        if (folder / "saved_model.pb").is_file():
            return folder
    raise DataError(f"{path}: no SavedModel is there; name the folder `model` of a work folder")

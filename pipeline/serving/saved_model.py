"""A SavedModel as serving and scoring load it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from features.errors import DataError
from features.inputs import Input
from features.spec import FILE, FeatureSpec
from models.serving_model import SCORE
from pipeline.serving.golden_requests import Request, as_examples, as_tensors

SAVED_MODEL, EXTRA = "saved_model", "assets.extra"


class Served:
    """A SavedModel with its spec.

    Args:
      path: the SavedModel's folder, or the model folder that `winnow export` makes.

    Attributes:
      folder: of the SavedModel.
      spec: that lies in it.
      inputs: raw columns of a request.

    Raises:
      DataError: it is no SavedModel of Winnow's, or its vocabularies are not those of its spec.
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = saved_model(path)
        self.spec = FeatureSpec.load(self.folder / EXTRA / FILE)
        self.spec.check_vocabularies(self.folder / "assets")
        self.inputs = [Input(column.name, column.dtype, column.length) for column in self.spec.inputs]
        self._loaded = tf.saved_model.load(str(self.folder))

    def signature(self, name: str) -> Any:
        """A signature's function.

        Raises:
          DataError: the model lacks it.
        """
        if name not in self._loaded.signatures:
            raise DataError(f"{self.folder}: has no signature {name!r}; `winnow export` again")
        return self._loaded.signatures[name]

    def score(self, request: Request) -> npt.NDArray[np.float32]:
        """Probabilities [rows] of raw columns by name, through `serving_default`."""
        return np.asarray(self.signature("serving_default")(**self._arguments(request))[SCORE])

    def transform(self, request: Request) -> dict[str, tf.Tensor]:
        """The network's inputs by their names in `serving_ids`."""
        return dict(self.signature("transform")(**self._arguments(request)))

    def score_examples(self, request: Request) -> npt.NDArray[np.float32]:
        """The same through `serving_examples`."""
        examples = as_examples(request, self.inputs)
        return np.asarray(self.signature("serving_examples")(examples=examples)[SCORE])

    def _arguments(self, request: Request) -> dict[str, tf.Tensor]:
        arguments = {column.name: column.argument for column in self.spec.inputs}
        return {arguments[name]: tensor for name, tensor in as_tensors(request, self.inputs).items()}


def saved_model(path: str | Path) -> Path:
    """The SavedModel's folder, given itself or the model folder around it.

    Raises:
      DataError: it is not there.
    """
    for folder in (Path(path, SAVED_MODEL), Path(path)):
        if (folder / "saved_model.pb").exists():
            return folder
    raise DataError(f"{path}: no SavedModel is there; name the folder `model` of a work folder")

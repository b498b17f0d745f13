"""Golden requests: what a SavedModel is asked and must answer, to see that it is the one that was exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.document import Document
from features.errors import DataError
from features.inputs import Input
from pipeline.serving.synthetic_requests import DTYPES, Request, Values

GOLDEN_FILE = "golden_requests.json"
REMEDY = "run `winnow export` again"
Cell = str | int | float | None  # None is NaN, which JSON cannot hold


class GoldenRequests(Document):
    """`golden_requests.json`: raw columns by name, a value (or a list of them) a row, and the score of each row."""

    columns: dict[str, list[Cell] | list[list[Cell]]]
    scores: list[float]

    @classmethod
    def of(cls, request: Request, scores: npt.NDArray[np.float32]) -> GoldenRequests:
        """The document of requests and their scores, float32 [rows]."""
        return cls(columns={name: _cells(values) for name, values in request.items()}, scores=scores.tolist())

    @classmethod
    def load(cls, path: Path) -> GoldenRequests:
        """Reads a file.

        Raises:
          DataError: it is absent or damaged.
        """
        try:
            return cls.from_json(path.read_bytes(), str(path))
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error}); {REMEDY}") from None

    def save(self, path: Path) -> None:
        """Writes a file with a column a line."""
        # A line for each column: a person can read them, and `diff` names the column that has changed.
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
        path.write_text(text.replace('], "', '],\n "') + "\n")

    def request(self, inputs: Sequence[Input]) -> Request:
        """The raw columns of these inputs.

        Raises:
          DataError: a column is absent, or its values are not as many as the scores or not of its type; names it.
        """
        return {column.name: self._column(column) for column in inputs}

    def _column(self, column: Input) -> Values:
        try:
            values: Values = np.array(self.columns[column.name], dtype=DTYPES[column.dtype])
        # NumPy raises the last three for values that are not of the column's type, and for lists of differing lengths.
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise DataError(f"{GOLDEN_FILE}: column {column.name!r} is damaged ({error!r}); {REMEDY}") from None
        if values.shape[:1] != (len(self.scores),) or values.ndim != (1 if column.length is None else 2):
            expected = f"{len(self.scores)} {'values' if column.length is None else 'lists of one length'}"
            raise DataError(f"{GOLDEN_FILE}: column {column.name!r} has shape {values.shape}, not {expected}; {REMEDY}")
        if column.dtype == "string" and not all(isinstance(value, str) for value in values.ravel()):
            raise DataError(f"{GOLDEN_FILE}: column {column.name!r} holds other values than text; {REMEDY}")
        return values


def _cells(values: Values) -> list[Cell]:
    if values.dtype == np.float32:
        values = np.where(np.isnan(values), np.array(None), values.astype(object))
    return list(values.tolist())

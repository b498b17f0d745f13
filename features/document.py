"""Documents: what one stage writes and another reads, each a class with declared fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, Self

import pydantic

from features.errors import DataError


class Document(pydantic.BaseModel):
    """Base of all documents. Unknown fields are refused, so that writer and reader cannot drift apart.

    Attributes:
      optional_fields: names of fields that are left out of the file where they are None; all others are always written.
    """

    # "constants": pydantic would else write a number that is not one as null, and the reader would refuse the file.
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")
    optional_fields: ClassVar[frozenset[str]] = frozenset()

    @pydantic.model_serializer(mode="wrap")
    def _without_absent_fields(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value is not None or name not in self.optional_fields}

    def to_json(self) -> str:
        """The document as text: the same bytes for the same content, a field a line.

        Raises:
          ValueError: a number is infinite or not a number, which JSON cannot hold.
        """
        # Not pydantic's own writer: it would write NaN, which is no JSON, without a word.
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, path: str) -> Self:
        """Inverse of `to_json`.

        Args:
          text: of the document.
          path: where it was read from, for the error.

        Raises:
          DataError: the text is not JSON, or a field is missing, unknown or wrong; names path and field.
        """
        try:
            return cls.model_validate(json.loads(text))
        except pydantic.ValidationError as error:
            problem = error.errors()[0]  # the first is enough: no person wrote the file, the remedy is the same for all
            field = ".".join(map(str, problem["loc"])) or "the document"
            raise DataError(f"{path}: {field}: {problem['msg']}; delete its folder and run the stage again") from None
        except ValueError as error:
            raise DataError(f"{path}: not a JSON document ({error}); delete its folder and run the stage again") from None


def rounded(value: float) -> float:
    """Six significant digits, as documents hold figures that were trained or measured: more would be noise."""
    return float(f"{value:.6g}")

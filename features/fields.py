"""What all parts of a config are made of."""

from __future__ import annotations

import os
import re
from typing import Annotated

import pydantic
from pydantic import Field

PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Section(pydantic.BaseModel):
    """Every part of a config refuses fields it does not know."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


def expand(text: str) -> str:
    """Replaces `${NAME}` and `${NAME:-default}` from the environment."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise ValueError(f"environment variable {match[1]} is not set; set it, or write ${{{match[1]}:-default}}")
        return found

    return _VARIABLE.sub(value, text)

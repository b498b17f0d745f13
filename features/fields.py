"""What all parts of a config are made of."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, get_args

import pydantic
from pydantic import BeforeValidator, Field, model_validator


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]
# A list of texts, for which a single text may be written.
Texts = Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=Text | list[Text])]

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Section(pydantic.BaseModel):
    """Base of all parts of a config; fields it does not know are refused.

    Attributes:
      former_names: fields that were called otherwise in earlier versions: the former name, and the one of today. Configs
        may go on using the former name.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    former_names: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _accept_former_names(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        for former, name in cls.former_names.items():
            if former in values and name in values:
                raise ValueError(f"`{former}` is the former name of `{name}`; give one of the two")
        return {cls.former_names.get(key, key): value for key, value in values.items()}

    @classmethod
    def names_of(cls, field: str) -> tuple[str, ...]:
        """The present name of a field, which may be given by a former one, then all its former names."""
        name = cls.former_names.get(field, field)
        return name, *(former for former, present in cls.former_names.items() if present == name)

    @classmethod
    def subsection(cls, field: str) -> type[Section] | None:
        """The class of a field that is a section itself; None of other fields, and of those the class does not know."""
        if field not in cls.model_fields:
            return None
        annotation = cls.model_fields[field].annotation
        types = get_args(annotation) or (annotation,)
        return next((each for each in types if isinstance(each, type) and issubclass(each, Section)), None)


def expand(text: str) -> str:
    """Replaces `${NAME}` and `${NAME:-default}` from the environment."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise ValueError(f"environment variable {match[1]} is not set; set it, or write ${{{match[1]}:-default}}")
        return found

    return _VARIABLE.sub(value, text)

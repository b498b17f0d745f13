"""The base class of all sections of a config, and the types of fields that several sections have."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, get_args

import pydantic
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

# As in a shell: the name of a variable, and perhaps a default after `:-`.
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def expand(text: str) -> str:
    """The path that a config's text means: `${NAME}` and `${NAME:-default}` come from the environment, `~` is the home folder.

    Raises:
      ValueError: a variable is not set and has no default.
    """

    def value(match: re.Match[str]) -> str:
        replacement = os.environ.get(match[1]) or match[2]
        if replacement is None:
            raise ValueError(f"environment variable {match[1]} is not set; set it, or write ${{{match[1]}:-default}}")
        return replacement

    # A local path may be given as a URL; the rest of the program sees local paths in one form.
    return os.path.expanduser(_VARIABLE.sub(value, text).removeprefix("file://"))  # noqa: PTH111 (Path would drop `//`)


def _listed(value: object) -> object:
    """A single text as a list of one."""
    return [value] if isinstance(value, str) else value


def _expanded(value: object) -> object:
    """A text as the path it means; other values as they are, for pydantic to refuse."""
    return expand(value) if isinstance(value, str) else value


PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
# Seeds of NumPy and Keras are unsigned and have 32 bits.
MAX_SEED = 2**32 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
# No recommender in the literature has wider embeddings: a larger number is a slip of the keyboard.
MAX_WIDTH = 4096
Width = Annotated[int, Field(gt=0, le=MAX_WIDTH)]
# Larger rates overflow float32 in the first steps.
LearningRate = Annotated[float, Field(gt=0, le=100)]
# Examples in one step; a larger batch is larger than many a data set, and fits no memory.
BatchSize = Annotated[int, Field(gt=0, le=2**24)]
Text = Annotated[str, Field(min_length=1)]
# A list of texts, for which a single text may be written.
Texts = Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=Text | list[Text])]
# A path in which `${NAME}` and `${NAME:-default}` stand for variables of the environment, and lists of such paths.
FilePath = Annotated[Text, BeforeValidator(_expanded)]
FilePaths = Annotated[list[FilePath], BeforeValidator(_listed, json_schema_input_type=Text | list[Text])]


class Section(pydantic.BaseModel):
    """Base of all parts of a config; fields it does not know are refused, and so are numbers that are not finite.

    Attributes:
      former_names: fields that were called otherwise in earlier versions: the former name, and the one of today. Configs
        may go on using the former name.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    former_names: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _accept_former_names(cls, values: object) -> object:
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

    def given(self, field: str) -> bool:
        """Whether a field has another value than its default; one that is written out with its default asks for nothing."""
        return bool(getattr(self, field) != type(self).model_fields[field].default)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        # Editors must not underline a config that was written for an earlier version: former names are known, as deprecated.
        if cls.former_names:
            fields = schema["properties"]
            for former, name in cls.former_names.items():
                fields[former] = fields[name] | {"deprecated": True, "description": f"Former name of `{name}`."}
            schema["allOf"] = [{"not": {"required": list(both)}} for both in cls.former_names.items()]
        return schema

"""What the pruned model may cost: `selection.budget`, in one unit, as a number or a share."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from features.fields import PositiveFloat, PositiveInt, Section

# Fields of a budget of which exactly one is given; `auto` and `all` are among them, though they are no units.
UNITS = ("features", "bytes", "parameters", "cost", "latency", "auto", "all")
# A time with its unit, without which 500 could be micro- or milliseconds.
_LATENCY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms)\s*")
_WORDS = {"auto": {"auto": "bytes"}, "all": {"all": True}}  # budgets that one word stands for
# Their forms are checked below, with a sentence that names the remedy; an editor knows them from the patterns.
Share = Annotated[str, Field(json_schema_extra={"pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"})]
Latency = Annotated[str, Field(json_schema_extra={"pattern": r"^\s*\d+(\.\d+)?\s*(us|ms|%)\s*$"})]


class Budget(Section):
    """What the pruned model may cost, in exactly one unit.

    `auto` alone stands for `{auto: bytes}`, and `all` for `{all: true}`. A share, such as `10%`, is one of all candidates at
    full width.
    """

    former_names: ClassVar[Mapping[str, str]] = {"slots": "optimizer_slots"}

    features: PositiveInt | None = Field(None, description="Number of features.")
    bytes: PositiveInt | Share | None = Field(
        None, description="Bytes of the embedding tables, or a share such as `10%`; with `optimizer_slots`, as in training."
    )
    parameters: PositiveInt | Share | None = Field(
        None, description="Weights of the embedding tables and of the network that reads them, or a share such as `10%`."
    )
    cost: PositiveFloat | Share | None = Field(
        None, description="Cost in the unit of the features' own `cost`, or a share such as `10%`."
    )
    latency: Latency | None = Field(
        None,
        description="Measured time of a request of `latency_batch` rows, such as `500us` or `2ms`, or a share such as `10%`.",
    )
    auto: Literal["features", "bytes"] | None = Field(
        None,
        description="The unit in which the least is looked for whose validation log loss is within `tolerance` of the full "
        "model's.",
    )
    all: Literal[True] | None = Field(None, description="Everything is kept at full width, and nothing is searched.")
    optimizer_slots: bool = Field(
        False, description="Whether the slots of the tables' optimizer count as well as the tables. For `bytes`."
    )
    latency_batch: PositiveInt = Field(32, description="Rows of the request that is timed. For `latency`.")
    tolerance: PositiveFloat = Field(
        0.001, description="Log loss above the full model's that counts as no loss, in nats a row. For `auto`."
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value not in _WORDS:
            raise ValueError(
                f"{value!r} is no budget; write `auto`, `all`, or a unit with its limit, such as `{{features: 15}}`"
            )
        return _WORDS[value]

    @model_validator(mode="after")
    def _one(self) -> Budget:
        if sum(getattr(self, unit) is not None for unit in UNITS) != 1:
            raise ValueError(f"a budget names exactly one of {', '.join(UNITS)}")
        asked = getattr(self, self.asked)
        # A malformed share is refused here, where the field can be named, and not when the limit is asked for.
        if isinstance(asked, str) and self.auto is None and not (self.latency and _LATENCY.fullmatch(asked)):
            _share(asked)
        self._refuse_idle_fields()
        return self

    def _refuse_idle_fields(self) -> None:
        applies = {"optimizer_slots": self.unit == "bytes", "latency_batch": self.latency, "tolerance": self.auto}
        for field, unit in (("optimizer_slots", "bytes"), ("latency_batch", "latency"), ("tolerance", "auto")):
            if self.given(field) and not applies[field]:
                raise ValueError(f"`{field}` does nothing in a budget of {self.unit}; it belongs to `{unit}`: leave it out")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        fields = schema | {"oneOf": [{"required": [unit]} for unit in UNITS]}
        # The dict is changed and not replaced: pydantic's references lead to this very object.
        schema.clear()
        schema |= {"description": inspect.getdoc(cls), "anyOf": [{"enum": ["auto", "all"]}, fields]}
        return schema

    @property
    def asked(self) -> str:
        """The field that is given."""
        return next(unit for unit in UNITS if getattr(self, unit) is not None)

    @property
    def unit(self) -> str:
        """What is counted: the field that is given, or what `auto` names."""
        return self.auto or self.asked

    @property
    def share(self) -> float | None:
        """The share asked for, where one is."""
        asked = getattr(self, self.asked)
        return _share(asked) if isinstance(asked, str) and asked.rstrip().endswith("%") else None

    def limit(self, full: float) -> float:
        """The budget as a number: of microseconds for a latency.

        Args:
          full: cost of all candidates at full width, which a share is of.
        """
        if self.share is not None:
            return full * self.share
        asked = getattr(self, self.asked)
        time = _LATENCY.fullmatch(asked) if isinstance(asked, str) else None
        return float(time[1]) * {"us": 1, "ms": 1000}[time[2]] if time else float(asked)


def _share(text: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if not match or not 0 < float(match[1]) <= 100:
        raise ValueError(f"{text!r} is neither a number nor a share such as `10%` (nor, of latency, `500us` or `2ms`)")
    return float(match[1]) / 100

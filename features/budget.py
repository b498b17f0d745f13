"""What the pruned model may cost: `selection.budget`, in one unit, as a number or a share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from features.fields import PositiveFloat, PositiveInt, Section

UNITS = ("features", "bytes", "parameters", "cost", "latency", "auto", "all")
_LATENCY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms)\s*")


class Budget(Section):
    """What the pruned model may cost: exactly one of these. `auto` alone stands for `{auto: bytes}`,
    `all` for `{all: true}`.

    Each is a number or a share, such as `10%`, of all candidates at full width:
    features: how many (a number). bytes: of embedding tables, with `optimizer_slots` also of their optimizer's slots.
    parameters: of the tables and the network's weights on their columns. cost: in the unit of the features' own `cost`s.
    latency: of a request of `latency_batch` rows, measured, such as `500us` or `2ms`.
    all: everything is kept at full width and nothing is searched, as without a `selection`.
    auto: the least `features` or `bytes` whose validation log loss is within `tolerance` of the full model's.
    """

    former_names: ClassVar[Mapping[str, str]] = {"slots": "optimizer_slots"}

    features: PositiveInt | None = None
    bytes: PositiveInt | str | None = None
    parameters: PositiveInt | str | None = None
    cost: PositiveFloat | str | None = None
    latency: str | None = None
    auto: Literal["features", "bytes"] | None = None
    all: Literal[True] | None = None
    optimizer_slots: bool = False
    latency_batch: PositiveInt = 32
    tolerance: PositiveFloat = 0.001

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"auto": {"auto": "bytes"}, "all": {"all": True}}.get(value, value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Budget:
        if sum(getattr(self, unit) is not None for unit in UNITS) != 1:
            raise ValueError(f"a budget names exactly one of {', '.join(UNITS)}")
        asked = getattr(self, self.asked)
        if isinstance(asked, str) and self.auto is None and not (self.latency and _LATENCY.fullmatch(asked)):
            _share(asked)
        return self

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
        found = _LATENCY.fullmatch(asked) if isinstance(asked, str) else None
        return float(found[1]) * {"us": 1, "ms": 1000}[found[2]] if found else float(asked)


def _share(text: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if not match or not 0 < float(match[1]) <= 100:
        raise ValueError(f"{text!r} is neither a number nor a share such as `10%` (nor, of latency, `500us` or `2ms`)")
    return float(match[1]) / 100

"""Explains what is wrong with a config: pydantic's errors as sentences about the fields that a person has written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pydantic
from pydantic_core import ErrorDetails

from features.kinds import KINDS

_SHOWN = 40  # characters of a wrong value
# Pydantic puts the type it tried among the fields, where a field may have several: `points[0].constrained-int`. The kind of
# a feature rule stands there too.
_TYPE_TRIED = re.compile(rf"(constrained-)?(str|int|float|bool|list)|[A-Z]\w*|.*\[.*|{'|'.join(KINDS)}")
# Types of problems that are about a field's name: the last part of their place is one, whatever it looks like.
_SENTENCES = {"extra_forbidden": "unknown field; check its spelling and its place", "missing": "required, but not given"}
# Pydantic's sentences begin with a type; ours begin with the field, which is the subject.
_OTHER_SUBJECT = re.compile("^(List|String|Tuple|Value) should ")
# What a value should be, by the type of the problem, in words for people who do not know Python's types.
_WORDS = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a group of fields",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a group of fields",
    "model_type": "a group of fields",
    "string_type": "a text",
    "tuple_type": "a list",
}


def explain(path: str | Path, error: pydantic.ValidationError) -> str:
    """A line for each wrong field: the file, the field, what is wrong, and what it should be."""
    # A field that may have several types gives one problem for each; a person wants one sentence a field.
    problems: dict[str, list[ErrorDetails]] = {}
    for problem in error.errors():
        problems.setdefault(_field(problem), []).append(problem)
    return "\n".join(f"{path}: {field}{_sentence(of_field)}" for field, of_field in problems.items())


def _field(problem: ErrorDetails) -> str:
    """Where the problem is, such as `features[0].match: `; empty for the whole file."""
    *outer, last = problem["loc"] or ("",)
    if problem["type"] not in _SENTENCES:
        outer, last = [*outer, last], ""
    parts = [part for part in outer if isinstance(part, int) or not _TYPE_TRIED.fullmatch(part)]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in [*parts, last] if part != "").lstrip(".")
    return f"{field}: " if field else ""


def _sentence(problems: list[ErrorDetails]) -> str:
    """What is wrong with one field, whose value is of none of the types it may have."""
    wanted = []
    for problem in problems:
        kind, message = problem["type"], problem["msg"]
        if kind in _SENTENCES:
            return _SENTENCES[kind]
        if not message.startswith("Input should be "):
            return _OTHER_SUBJECT.sub("must ", message.removeprefix("Value error, ")).replace(" after validation", "")
        wanted.append(_WORDS.get(kind, message.removeprefix("Input should be ")))
    given = problems[0]["input"]
    if wanted == ["a text"] and isinstance(given, int | float):
        return f"must be a text; write it in quotes: '{given}'"
    scalar = given is None or isinstance(given, str | int | float)
    shown = f", not {json.dumps(given, ensure_ascii=False)[:_SHOWN]}" if scalar else ""
    return f"must be {' or '.join(dict.fromkeys(wanted))}{shown}"

"""What all sections of a config share: unknown fields, former names, the environment."""

from collections.abc import Mapping
from typing import ClassVar

import pydantic
import pytest

from features.fields import Section, expand


class Inner(Section):
    """A section within another."""

    former_names: ClassVar[Mapping[str, str]] = {"size": "row_count"}

    row_count: int = 1
    ratio: float = 0.5


class Outer(Section):
    """A section that holds another, and may hold one more."""

    inner: Inner = Inner()
    perhaps: Inner | None = None
    number: int = 0


def test_former_names_are_those_of_today():
    assert Inner.model_validate({"size": 3}) == Inner(row_count=3)
    assert (Inner.names_of("size"), Inner.names_of("row_count")) == (("row_count", "size"),) * 2
    assert Inner.names_of("ratio") == ("ratio",)
    with pytest.raises(pydantic.ValidationError, match="`size` is the former name of `row_count`; give one of the two"):
        Inner.model_validate({"size": 3, "row_count": 3})


def test_sections_within_sections_are_known():
    assert [Outer.subsection(field) for field in ("inner", "perhaps", "number", "else")] == [Inner, Inner, None, None]


@pytest.mark.parametrize("fields", [{"unknown": 1}, {"ratio": float("nan")}, {"ratio": float("inf")}])
def test_unknown_fields_and_numbers_that_are_none_are_refused(fields):
    with pytest.raises(pydantic.ValidationError):
        Inner.model_validate(fields)


def test_a_field_is_given_where_it_differs_from_its_default():
    assert [Inner(row_count=1).given("row_count"), Inner(row_count=2).given("row_count")] == [False, True]


def test_schema_holds_former_names_as_deprecated():
    schema = Inner.model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["size"]["deprecated"] is True
    assert schema["properties"]["size"]["description"] == "Former name of `row_count`."
    assert schema["allOf"] == [{"not": {"required": ["size", "row_count"]}}]


def test_environment(monkeypatch):
    monkeypatch.setenv("WHERE", "/logs")
    monkeypatch.delenv("NOWHERE", raising=False)
    assert expand("${WHERE}/${NOWHERE:-a}/b${NOWHERE:-}") == "/logs/a/b"
    with pytest.raises(ValueError, match=r"environment variable NOWHERE is not set; set it, or write \$\{NOWHERE:-default\}"):
        expand("${NOWHERE}")


def test_the_home_folder_and_file_urls_are_local_paths(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert expand("~/logs/*.tsv") == "/home/me/logs/*.tsv"
    assert expand("file:///logs/a.tsv") == "/logs/a.tsv"
    assert expand("gs://bucket/~a") == "gs://bucket/~a"

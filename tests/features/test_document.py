"""What all documents have in common: their text, and how a wrong one is refused."""

from typing import ClassVar

import pytest

from features.document import Document
from features.errors import DataError


class Inner(Document):
    optional_fields: ClassVar[frozenset[str]] = frozenset({"note"})

    size: int
    note: str | None = None


class Outer(Document):
    name: str
    share: float | None
    inner: list[Inner]


EXAMPLE = Outer(name="é", share=None, inner=[Inner(size=1), Inner(size=2, note="two")])
TEXT = """{
 "name": "é",
 "share": null,
 "inner": [
  {
   "size": 1
  },
  {
   "size": 2,
   "note": "two"
  }
 ]
}
"""


def test_the_text_has_a_field_a_line_and_no_optional_field_that_is_absent():
    assert EXAMPLE.to_json() == TEXT
    assert Outer.from_json(TEXT, "a.json") == EXAMPLE
    assert Outer.from_json(TEXT.encode(), "a.json").to_json() == TEXT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace('"share": null,', ""), "a.json: share: Field required"),
        (TEXT.replace('"size": 1', '"size": 1, "more": 2'), "a.json: inner.0.more: Extra inputs are not permitted"),
        (TEXT.replace('"size": 2', '"size": "x"'), "a.json: inner.1.size: Input should be a valid integer"),
        ("[]", "a.json: the document: Input should be a valid dictionary"),
        (TEXT[:20], "a.json: not a JSON document"),
    ],
)
def test_a_wrong_document_is_refused_with_its_path_its_field_and_a_remedy(text, message):
    with pytest.raises(DataError) as refused:
        Outer.from_json(text, "a.json")
    assert str(refused.value).startswith(message)
    assert str(refused.value).endswith("delete its folder and run the stage again")


@pytest.mark.parametrize("share", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_hold_is_not_written(share):
    with pytest.raises(ValueError, match="not JSON compliant"):
        Outer(name="a", share=share, inner=[]).to_json()


def test_a_document_is_not_changed():
    with pytest.raises(ValueError, match="frozen"):
        EXAMPLE.name = "other"

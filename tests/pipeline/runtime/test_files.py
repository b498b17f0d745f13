import json

import pytest

from features.document import Document
from features.errors import DataError
from pipeline.runtime import files


class Letter(Document):
    sender: str
    pages: int


def test_a_document_is_read_as_it_was_written(tmp_path):
    path = str(tmp_path / "letter.json")
    files.write_document(path, Letter(sender="é", pages=2))
    assert (tmp_path / "letter.json").read_text() == '{\n "sender": "é",\n "pages": 2\n}\n'
    assert files.read_document(Letter, path) == Letter(sender="é", pages=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"sender": "a"', "not a JSON document"),
        ('{"sender": "a", "pages": "many"}', "pages: Input should be a valid integer"),
        ('{"sender": "a"}', "pages: Field required"),
        ('{"sender": "a", "pages": 1, "colour": 1}', "colour: Extra inputs"),
    ],
)
def test_a_damaged_document_names_file_and_field(tmp_path, text, message):
    path = tmp_path / "letter.json"
    path.write_text(text)
    with pytest.raises(DataError, match=f"{path}: {message}"):
        files.read_document(Letter, str(path))


def test_an_absent_document_is_one_message(tmp_path):
    with pytest.raises(DataError, match=r"letter\.json: cannot be read .*; run the stage that writes it again"):
        files.read_document(Letter, str(tmp_path / "letter.json"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "numbers.json"
    files.write_json(str(path), [1])
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(str(path), [float("nan")])
    assert json.loads(path.read_text()) == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["numbers.json"]

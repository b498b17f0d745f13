import json

import pytest

from features.document import Document
from features.errors import DataError
from pipeline.runtime import files
from tests.pipeline import memory


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


@pytest.fixture
def folder(tmp_path):
    """A folder whose name has the signs of a glob, with a file in a folder below it."""
    folder = tmp_path / "work [1]*"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    (tmp_path / "work 1x").mkdir()  # what the name would match as a glob
    (tmp_path / "work 1x" / "b.txt").write_text("another")
    return folder


def test_names_with_the_signs_of_a_glob_mean_themselves(folder, tmp_path):
    assert files.list_names(str(folder), ".txt") == [f"{folder}/b.txt"]
    assert files.exists(str(folder))
    files.copy(f"{folder}/b.txt", f"{folder}/c.txt")
    assert files.read_bytes(f"{folder}/c.txt") == b"b"
    files.remove(f"{folder}/c.txt")
    files.rename(str(folder), f"{tmp_path}/other?")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other?", "work 1x"]
    files.remove(f"{tmp_path}/other?")
    assert (tmp_path / "work 1x" / "b.txt").read_text() == "another"
    files.remove(f"{tmp_path}/other?")  # what is not there is no error
    assert files.list_names(f"{tmp_path}/other?", "") == []


def test_a_bucket_has_such_names_too(monkeypatch):
    monkeypatch.setattr(memory, "FILES", {})
    for name in ("w [1]/a/b.txt", "w [1]/c.txt", "w 1/c.txt"):
        files.write_bytes(f"memory://bucket/{name}", b"x")
    assert files.list_names("memory://bucket/w [1]", ".txt") == ["memory://bucket/w [1]/c.txt"]
    files.remove("memory://bucket/w [1]")
    assert list(memory.FILES) == ["memory://bucket/w 1/c.txt"]

"""A SavedModel as it is loaded: sound, or refused in one sentence."""

import pytest

from features.errors import DataError


def test_a_changed_vocabulary_is_refused(copied):
    from pipeline.serving.saved_model import Served

    vocabulary = copied / "saved_model" / "assets" / "tags.txt"
    vocabulary.write_text("".join(reversed(vocabulary.read_text().splitlines(keepends=True))))
    with pytest.raises(DataError, match=r"tags.txt: not the vocabulary that the spec was written with"):
        Served(copied)
    vocabulary.unlink()
    with pytest.raises(DataError, match=r"tags.txt: vocabulary is not there"):
        Served(copied)


def damage(folder, kind: str) -> None:
    """Damages a SavedModel as disks, copies and editors do."""
    part = {
        "graph": "saved_model.pb",
        "weights": "variables/variables.data-00000-of-00001",
        "index": "variables/variables.index",
    }
    name, how = kind.split()
    path = folder / part[name]
    content = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "flipped":
        path.write_bytes(bytes(byte ^ 0x55 for byte in content))
    elif how == "folder":
        path.mkdir()


DAMAGES = [f"{name} {how}" for name in ("graph", "weights", "index") for how in ("cut", "empty", "flipped", "folder", "gone")]


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_model_is_one_message(copied, kind):
    from pipeline.serving.saved_model import Served

    damage(copied / "saved_model", kind)
    with pytest.raises(DataError, match=r"is damaged \(.*copy the model folder whole|no SavedModel is there"):
        Served(copied)


@pytest.mark.parametrize("name", ["feature_spec.json", "tags.txt"])
def test_a_folder_in_a_files_place_is_one_message(copied, name):
    from pipeline.serving.saved_model import Served

    path = next((copied / "saved_model").rglob(name))
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=name):
        Served(copied)


def test_a_signature_that_is_not_there_is_named(served):
    with pytest.raises(DataError, match="has no signature 'other'"):
        served.signature("other")


def test_a_request_that_the_model_does_not_take_is_one_message(served):
    import numpy as np

    from tests.pipeline.serving.requests_of import request_of

    with pytest.raises(DataError, match="is damaged"):
        served.score(request_of(served, vec=np.zeros([2, 4], np.float32)))

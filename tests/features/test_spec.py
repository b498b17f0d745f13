"""The feature spec: its form, its versions, its checksums, and the schema made of it."""

import hashlib
import json
from pathlib import Path

import pytest

from features import spec as module
from features.errors import DataError
from features.spec import FeatureSpec, RawInput

VERSION_1 = Path(__file__).parent / "data" / "feature_spec.v1.json"
PUBLISHED = Path(module.__file__).parent / "feature_spec.schema.json"


def feature(name: str, **changes) -> dict:
    """A kept feature's entry."""
    entry = {"name": name, "kind": "categorical", "inputs": [name], "transform": {}, "width": 8, "rows": 12, "length": 1}
    return {**entry, "bytes": 384, "round": 1, "attention": 0.5, "gain": 0.02, **changes}


def figure(mean: float) -> dict:
    """A proved figure that is the full model's."""
    interval = [mean - 0.01, mean + 0.01]
    return {"mean": mean, "by_seed": [mean], "interval": interval, "difference": 0.0, "difference_interval": [0.0, 0.0]}


def document(**changes) -> dict:
    """A small spec of the newest version."""
    figures = {"auc": figure(0.7), "log_loss": figure(0.6)}
    points = [{"name": "pruned", "features": 5, "bytes": 384, "widths": {"a": 8}, **figures}]

    def column(name: str, dtype: str, length: int | None = None, **more) -> dict:
        missing = {"string": "", "int64": -(2**63), "float32": None}[dtype]
        return {"name": name, "argument": name, "dtype": dtype, "length": length, "missing": missing, **more}

    return {
        "version": 2,
        "name": "small",
        "label": "click",
        "budget": {"features": 5},
        "allocator": "full width",
        "bytes": 384,
        "full_bytes": 1000,
        "kept": [
            feature("a"),
            feature("n", kind="numeric", transform={"kind": "numeric"}, width=2),
            feature("l", kind="multivalued", transform={"kind": "multivalued", "max_length": 4}, length=4, width=4),
            feature("v", kind="dense", transform={"kind": "dense"}, rows=0, length=3, width=3, bytes=0),
            feature("a x i", kind="cross", inputs=["a", "i"], transform={"kind": "cross", "columns": ["a", "i"]}, rows=40),
        ],
        "dropped": [
            {"name": "gone", "inputs": ["gone"], "reason": "not chosen"},
            {"name": "other cross", "inputs": ["a", "lost"], "reason": "not chosen"},
        ],
        "inputs": [
            column("a", "string"),
            column("n", "float32", minimum=-1.5, maximum=2.5),
            column("l", "int64", 4, minimum=-3, maximum=9),
            column("v", "float32", 3),
            column("i", "int64"),
        ],
        "source": {"format": "parquet"},
        "path": [{"round": 1, "feature": "a", "width": 8, "attention": 0.5, "bytes": 384, "cumulative_bytes": 384}],
        "proof": {"split": "test", "rows": 10, "seeds": [1], "confidence": 0.95, "points": points},
        "provenance": {"config": "c", "data": "d", "seed": 1, "versions": {}},
        **changes,
    }


def written(folder: Path, content: dict) -> Path:
    path = folder / "feature_spec.json"
    path.write_text(json.dumps(content))
    return path


def test_published_schema_is_the_models():
    """After a change of the models: write `FeatureSpec.model_json_schema()` there, with an indent of 1."""
    assert json.loads(PUBLISHED.read_text()) == FeatureSpec.model_json_schema()


def test_saved_and_loaded_it_is_the_same_bytes(tmp_path):
    first = FeatureSpec.model_validate(document())
    first.save(tmp_path)
    read = FeatureSpec.load(tmp_path)
    assert read == first
    assert read.to_json() == (tmp_path / "feature_spec.json").read_text()
    assert json.loads(read.to_json())["version"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["feature_spec.json"]


def test_names_and_widths_are_in_pick_order():
    spec = FeatureSpec.model_validate(document())
    assert spec.names() == ["a", "n", "l", "v", "a x i"]
    assert spec.widths() == {"a": 8, "n": 2, "l": 4, "v": 3, "a x i": 8}


def test_version_1_is_read():
    spec = FeatureSpec.load(VERSION_1)
    assert spec.version == 2
    assert [(feature.name, feature.kind) for feature in spec.kept] == [
        ("tab", "categorical"),
        ("tag", "categorical"),
        ("video_duration", "numeric"),
    ]
    assert [column.argument for column in spec.inputs] == [column.name for column in spec.inputs]
    assert spec.dropped[0].inputs == [spec.dropped[0].name]
    assert spec.proof.point("pruned").auc.mean == pytest.approx(0.7166, abs=0.002)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(version=3), "is of version 3; this Winnow reads up to version 2"),
        (document(version=0), "has no version"),
        ({}, "has no version"),
        (document(more=1), "not a feature spec of version 2: .*\n?.*more"),
        ({"version": 1, "kept": [{}]}, "not a feature spec of version 1"),
    ],
)
def test_what_is_no_spec_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        FeatureSpec.load(written(tmp_path, content))


def test_what_is_no_json_is_refused(tmp_path):
    (tmp_path / "feature_spec.json").write_text("[1]")
    with pytest.raises(DataError, match="cannot be read as a feature spec"):
        FeatureSpec.load(tmp_path)
    with pytest.raises(DataError, match="cannot be read as a feature spec"):
        FeatureSpec.load(tmp_path / "absent")


@pytest.mark.parametrize("text", ["[" * 100_000, json.dumps(document(bytes=1))[:-1] + ', "budget": {"bytes": 1e999}}'])
def test_what_nobody_could_write_is_refused(tmp_path, text):
    (tmp_path / "feature_spec.json").write_text(text)
    with pytest.raises(DataError, match=r"feature_spec\.json: (cannot be read as a|not a) feature spec"):
        FeatureSpec.load(tmp_path)
    written(tmp_path, document(name="\ud800"))
    with pytest.raises(DataError, match="not a feature spec of version 2"):
        FeatureSpec.load(tmp_path)


def test_an_older_spec_with_wrong_parts_is_refused(tmp_path):
    older = json.loads(VERSION_1.read_text())
    older["kept"][0]["transform"] = 0.5
    with pytest.raises(DataError, match="not a feature spec of version 1"):
        FeatureSpec.load(written(tmp_path, older))


def test_checksums_of_vocabularies(tmp_path):
    (tmp_path / "a.txt").write_text("x\ny\n")
    vocabulary = {"file": "vocabulary/a.txt", "size": 2, "sha256": hashlib.sha256(b"x\ny\n").hexdigest()}
    spec = FeatureSpec.model_validate(document(kept=[feature("a", vocabulary=vocabulary)]))
    spec.check_vocabularies(tmp_path)
    (tmp_path / "a.txt").write_text("y\nx\n")
    with pytest.raises(DataError, match=r"a\.txt: not the vocabulary that .*checksums differ"):
        spec.check_vocabularies(tmp_path)


def test_raw_inputs_keep_whole_numbers():
    wide = RawInput(name="i", argument="i", dtype="int64", length=None, missing=0, minimum=0, maximum=2**60 + 1)
    assert RawInput.model_validate_json(wide.model_dump_json()).maximum == 2**60 + 1

"""The feature spec: which features a pruned model takes, how they are made, why, and the proof. Serving consumes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pydantic

from features.errors import DataError
from features.feature import Kind
from features.path import Pick
from features.proof import Proof

# Of the document's form; a change that older readers could not follow raises it and adds an entry to `_UPGRADES`.
VERSION = 2
FILE, SCHEMA_FILE, VOCABULARY_FOLDER = "feature_spec.json", "schema.pbtxt", "vocabulary"


class _Part(pydantic.BaseModel):
    """Base of the spec's classes. No `Document`: a spec of an earlier version is upgraded where a document would be refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Vocabulary(_Part):
    """A token a line, in id order, beside the spec."""

    file: str
    size: int
    sha256: str


class KeptFeature(_Part):
    """A feature of the pruned model.

    Attributes:
      name: of the feature.
      kind: of the feature.
      inputs: raw columns it reads, as in `FeatureSpec.inputs`.
      transform: the config's rule for it.
      width: columns of its embedding (or floats).
      rows, length: as in `Encoding`.
      vocabulary: where ids come from one.
      constants: boundaries, mean and std of numbers.
      bytes: of its table.
      round, attention: of its pick; round 0 is a must-keep feature.
      gain: what its pick added to the validation AUC in the search; None where the search had no validation rows.
    """

    name: str
    kind: Kind
    inputs: list[str]
    transform: dict[str, Any]
    width: int
    rows: int
    length: int
    vocabulary: Vocabulary | None = None
    constants: dict[str, Any] = {}
    bytes: int
    round: int
    attention: float
    gain: float | None = None


class DroppedFeature(_Part):
    """A feature that the pruned model does without, and why."""

    name: str
    inputs: list[str]
    reason: str


class RawInput(_Part):
    """A raw column of a serving request.

    Attributes:
      name: of the column; its key in a tf.Example.
      argument: its name in `serving_default`, see `features.names.argument_names`.
      dtype: `string`, `int64` or `float32`.
      length: values of a list that are used; None for one value.
      missing: what is sent for no value; None is NaN.
      optional: whether a request may leave it out; it is missing then.
      minimum, maximum: of the train rows' known values, where they are numbers.
    """

    name: str
    argument: str
    dtype: str
    length: int | None
    missing: str | int | None
    optional: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None


class Source(_Part):
    """How the raw files were written; fields as in the config's `data`."""

    format: str
    columns: list[str] = []
    header: bool = True
    delimiter: str | None = None
    quoted: bool | Literal["multiline"] = True
    encoding: str = "utf-8"
    missing: list[str] = []
    positive: list[str] = []


class FeatureSpec(_Part):
    """The whole document. Fields are in the order in which they are written."""

    version: int = VERSION
    name: str
    label: str
    budget: dict[str, Any]
    allocator: str
    bytes: int
    full_bytes: int
    kept: list[KeptFeature]
    dropped: list[DroppedFeature]
    inputs: list[RawInput]
    source: Source
    path: list[Pick]
    proof: Proof
    provenance: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> FeatureSpec:
        """Reads a spec file, or the one in a folder, of this version or an older one.

        Raises:
          DataError: the file is absent, damaged, or of a newer version.
        """
        path = Path(path)
        path = path / FILE if path.is_dir() else path
        try:
            document = json.loads(path.read_text())
            version = document.get("version")
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise DataError(f"{path}: cannot be read as a feature spec: {error}") from None
        if not isinstance(version, int) or version < 1:
            raise DataError(f"{path}: has no version; not a feature spec")
        if version > VERSION:
            raise DataError(f"{path}: is of version {version}; this Winnow reads up to version {VERSION}, update it")
        try:
            # One version after the other, so that each new version needs one upgrade and not one from every earlier version.
            for older in range(version, VERSION):
                document = _UPGRADES[older](document) | {"version": older + 1}
            spec = cls.model_validate(document)
            spec.to_json().encode()  # fails at infinite numbers and at halves of letters, which Python reads but nobody writes
            return spec
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not a feature spec of version {version}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Writes the spec to a file, or as `feature_spec.json` into a folder, whole or not at all."""
        path = Path(path)
        path = path / FILE if path.is_dir() else path
        # Serving may read the file at any moment: a rename puts the whole file there at once.
        aside = path.with_name(f"{path.name}.partial")
        aside.write_text(self.to_json())
        aside.replace(path)

    def to_json(self) -> str:
        """The document as text: the same bytes for the same content, a field a line."""
        return json.dumps(self.model_dump(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def names(self) -> list[str]:
        """Kept features, in pick order."""
        return [feature.name for feature in self.kept]

    def widths(self) -> dict[str, int]:
        """Columns of each kept feature."""
        return {feature.name: feature.width for feature in self.kept}

    def check_vocabularies(self, folder: str | Path) -> None:
        """Compares the vocabulary files in a folder with the checksums.

        Raises:
          DataError: a file is absent or holds other tokens than those the spec was written with; names it.
        """
        for vocabulary in [feature.vocabulary for feature in self.kept if feature.vocabulary]:
            path = Path(folder, Path(vocabulary.file).name)
            if not path.is_file():
                raise DataError(f"{path}: vocabulary is not there; copy the model folder whole, or `winnow export` again")
            if sha256(path) != vocabulary.sha256:
                raise DataError(f"{path}: not the vocabulary that the spec was written with (checksums differ)")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _from_1(document: dict[str, Any]) -> dict[str, Any]:
    """Version 2 adds kinds, gains, the columns of dropped features, arguments and the source's format."""
    kept = [{**entry, "kind": entry["transform"].get("kind", "categorical"), "gain": None} for entry in document["kept"]]
    # Version 1 had no crosses, and so a dropped feature read the column of its name.
    dropped = [{**entry, "inputs": [entry["name"]]} for entry in document["dropped"]]
    inputs = [{**entry, "argument": entry["name"]} for entry in document["inputs"]]
    return document | {"kept": kept, "dropped": dropped, "inputs": inputs, "source": {"format": "parquet"}}


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}

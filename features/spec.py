"""The feature spec: which features a pruned model takes, how they are made, why, and the proof. Serving consumes it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pydantic
from tensorflow_metadata.proto.v0 import schema_pb2

from features.config import Feature
from features.encoding import Encoding
from features.errors import DataError
from features.inputs import Input
from features.statistics import Statistics

VERSION = 1
FILE, SCHEMA_FILE, VOCABULARY_FOLDER = "feature_spec.json", "schema.pbtxt", "vocabulary"


class _Part(pydantic.BaseModel):
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
      inputs: raw columns it reads, as in `FeatureSpec.inputs`.
      transform: the config's rule for it.
      width: columns of its embedding (or floats).
      rows, length: as in `Encoding`.
      vocabulary: where ids come from one.
      constants: boundaries, mean and std of numbers.
      bytes: of its table.
      round, attention: of its pick; round 0 is a must-keep feature.
    """

    name: str
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


class DroppedFeature(_Part):
    """A feature that the pruned model does without, and why."""

    name: str
    reason: str


class RawInput(_Part):
    """A raw column of a serving request; a value that is not there is sent as `missing`."""

    name: str
    dtype: str
    length: int | None
    missing: str | int | None


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
    path: list[dict[str, Any]]
    proof: dict[str, Any]
    provenance: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> FeatureSpec:
        """Reads a spec file, or the one in a folder.

        Raises:
          DataError: the file is absent, damaged, or of a newer version.
        """
        path = Path(path)
        path = path / FILE if path.is_dir() else path
        try:
            document = json.loads(path.read_text())
            version = document.get("version")
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(f"{path}: cannot be read as a feature spec: {error}") from None
        if version != VERSION:
            raise DataError(f"{path}: is of version {version}; this Winnow reads version {VERSION}, update it")
        try:
            return cls.model_validate(document)
        except pydantic.ValidationError as error:
            raise DataError(f"{path}: not a feature spec: {error}") from None

    def to_json(self) -> str:
        """The document as text: the same bytes for the same content, a field a line."""
        return json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + "\n"

    def names(self) -> list[str]:
        """Kept features, in pick order."""
        return [feature.name for feature in self.kept]

    def widths(self) -> dict[str, int]:
        """Columns of each kept feature."""
        return {feature.name: feature.width for feature in self.kept}

    def to_schema(self) -> schema_pb2.Schema:
        """Kept raw columns with their domains and widths; dropped ones DISABLED, which TFT and tfx-bsl leave out."""
        schema = schema_pb2.Schema()
        kinds = {"string": schema_pb2.BYTES, "int64": schema_pb2.INT, "float32": schema_pb2.FLOAT}
        used = {column.name: column for column in self.inputs}
        for column in used.values():
            entry = schema.feature.add(name=column.name, type=kinds[column.dtype])
            if column.length is not None:
                entry.shape.dim.add(size=column.length)
        by_name = {entry.name: entry for entry in schema.feature}
        for feature in self.kept:
            entry = by_name[feature.inputs[0]]
            if feature.rows:
                extra = entry.annotation.extra_metadata.add()
                extra.type_url = "type.googleapis.com/google.protobuf.Struct"
                extra.value = _struct(feature.rows, feature.width)
        for dropped in self.dropped:
            if dropped.name not in used:
                schema.feature.add(name=dropped.name, lifecycle_stage=schema_pb2.DISABLED)
        return schema


def kept_feature(
    feature: Feature, encoding: Encoding, statistics: Statistics, chosen: dict[str, Any], vocabularies: Path
) -> KeptFeature:
    """The spec's entry of a chosen feature.

    Args:
      feature: the config's rule.
      encoding: of its transformed column.
      statistics: from which its constants come.
      chosen: its entry in `selection.json`.
      vocabularies: folder of its vocabulary file.
    """
    vocabulary = None
    if feature.has_vocabulary:
        file = f"{feature.name}.txt"
        digest = hashlib.sha256((vocabularies / file).read_bytes()).hexdigest()
        vocabulary = Vocabulary(file=f"{VOCABULARY_FOLDER}/{file}", size=statistics.vocabulary_size, sha256=digest)
    constants: dict[str, Any] = {}
    if feature.kind == "numeric":
        named = {"buckets": ("boundaries",), "value": ("mean", "std"), "log_square": ()}[feature.encoding]
        constants = {name: getattr(statistics, name) for name in named}
    return KeptFeature(
        name=feature.name,
        inputs=feature.inputs,
        transform=feature.model_dump(exclude_defaults=True, exclude={"name", "match"}, mode="json"),
        width=chosen["width"],
        rows=encoding.rows,
        length=encoding.length,
        vocabulary=vocabulary,
        constants=constants,
        bytes=chosen["bytes"],
        round=chosen["round"],
        attention=chosen["attention"],
    )


def raw_input(column: Input) -> RawInput:
    """The spec's entry of a raw column; NaN, the mark of floats, is null in JSON."""
    missing = None if column.dtype == "float32" else column.missing
    return RawInput(name=column.name, dtype=column.dtype, length=column.length, missing=missing)


def _struct(cardinality: int, dimension: int) -> bytes:
    from google.protobuf import struct_pb2

    message = struct_pb2.Struct()
    message.update({"embedding_sizes": {"cardinality": cardinality, "dimension": dimension}})
    return bytes(message.SerializeToString(deterministic=True))

"""The raw columns of a spec as a tensorflow_metadata Schema, for TFT, tfx-bsl, TFDV and Merlin."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2
from tensorflow_metadata.proto.v0 import schema_pb2

from features.spec import FeatureSpec, KeptFeature, RawInput

# The types of tf.Example, in which the raw columns are sent.
_TYPES = {"string": schema_pb2.BYTES, "int64": schema_pb2.INT, "float32": schema_pb2.FLOAT}


def schema_of(spec: FeatureSpec) -> schema_pb2.Schema:
    """Kept columns with domains, missing marks and widths; columns of dropped features alone are DISABLED.

    TFT and tfx-bsl leave DISABLED features out. Merlin reads them, but its models select columns by tag, and only kept
    columns have one. Widths stand where NVTabular writes them, in `embedding_sizes` of the column's extra metadata; those
    of crosses, which are no columns, in the schema's own under `crosses`.
    """
    schema = schema_pb2.Schema()
    representations = schema.tensor_representation_group[""].tensor_representation
    features = {feature.inputs[0]: feature for feature in spec.kept if feature.kind != "cross"}
    for column in spec.inputs:
        _describe(schema.feature.add(name=column.name, type=_TYPES[column.dtype]), column, features.get(column.name))
        _represent(representations[column.name], column, features.get(column.name))
    used = {column.name for column in spec.inputs}
    # A column that a kept feature reads too, as of a cross, is still asked for.
    for name in sorted({name for dropped in spec.dropped for name in dropped.inputs} - used):
        schema.feature.add(name=name, lifecycle_stage=schema_pb2.DISABLED)
    crosses = {f.name: {"columns": f.inputs, "embedding_sizes": _sizes(f)} for f in spec.kept if f.kind == "cross"}
    if crosses:
        _pack(schema.annotation, {"crosses": crosses})
    return schema


def _describe(entry: schema_pb2.Feature, column: RawInput, feature: KeptFeature | None) -> None:
    if column.minimum is not None and column.maximum is not None:
        if column.dtype == "int64":
            # Integers are codes and not quantities, which `is_categorical` says.
            domain = schema_pb2.IntDomain(min=int(column.minimum), max=int(column.maximum), is_categorical=True)
            entry.int_domain.CopyFrom(domain)
        elif column.dtype == "float32":
            entry.float_domain.CopyFrom(schema_pb2.FloatDomain(min=column.minimum, max=column.maximum))
    # Lists of codes may be shorter than `length`; a dense vector always has its full length, which its tensor's shape says.
    if column.length is not None and not _dense(feature):
        entry.value_count.max = column.length
    properties: dict[str, Any] = {"is_list": column.length is not None, "is_ragged": entry.value_count.max > 0}
    if column.dtype != "string":
        properties["dtype_item_size"] = 64 if column.dtype == "int64" else 32
    if feature is not None and feature.rows:
        properties["embedding_sizes"] = _sizes(feature)
    entry.annotation.tag.append("categorical" if feature is not None and feature.rows else "continuous")
    _pack(entry.annotation, properties)


def _represent(representation: schema_pb2.TensorRepresentation, column: RawInput, feature: KeptFeature | None) -> None:
    """One value is a dense tensor with the missing mark as its default; lists are of any length."""
    if column.length is not None and not _dense(feature):
        representation.varlen_sparse_tensor.column_name = column.name
        return
    dense = representation.dense_tensor
    dense.column_name = column.name
    dense.shape.SetInParent()
    if column.length is not None:
        dense.shape.dim.add(size=column.length)
    if column.dtype == "string":
        dense.default_value.bytes_value = b""
    elif column.dtype == "int64":
        dense.default_value.int_value = int(column.missing or 0)
    else:
        dense.default_value.float_value = float("nan")


def _dense(feature: KeptFeature | None) -> bool:
    return feature is not None and feature.kind == "dense"


def _sizes(feature: KeptFeature) -> dict[str, int]:
    return {"cardinality": feature.rows, "dimension": feature.width}


def _pack(annotation: schema_pb2.Annotation, properties: dict[str, Any]) -> None:
    message = struct_pb2.Struct()
    message.update(properties)
    # Packed by hand: `Any.Pack` does not fix the order of the fields, and the file must not change by itself.
    packed = annotation.extra_metadata.add(type_url="type.googleapis.com/google.protobuf.Struct")
    packed.value = message.SerializeToString(deterministic=True)

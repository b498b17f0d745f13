"""The raw columns of a spec as a schema, read by the libraries that it is written for."""

from features.schema import schema_of
from features.spec import FeatureSpec
from tests.features.test_spec import document


def test_tft_sees_the_kept_columns_alone():
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import schema_utils

    parsed_schema, domains = schema_utils.schema_as_feature_spec(schema_of(FeatureSpec.model_validate(document())))
    assert set(parsed_schema) == {"a", "n", "l", "v", "i"}
    assert parsed_schema["a"] == tf.io.FixedLenFeature([], tf.string, "")
    assert parsed_schema["i"] == tf.io.FixedLenFeature([], tf.int64, -(2**63))
    assert parsed_schema["l"] == tf.io.VarLenFeature(tf.int64)
    assert parsed_schema["v"].shape == [3]
    assert parsed_schema["n"].default_value != parsed_schema["n"].default_value  # NaN
    assert (domains["l"].min, domains["l"].max, domains["l"].is_categorical) == (-3, 9, True)
    assert (domains["n"].min, domains["n"].max) == (-1.5, 2.5)
    example = tf.train.Example().SerializeToString()
    parsed = tf.io.parse_example([example], parsed_schema)
    assert parsed["a"].numpy().tolist() == [b""]


def test_tfx_bsl_sees_the_kept_columns_alone():
    from tfx_bsl.tfxio.tensor_representation_util import InferTensorRepresentationsFromMixedSchema

    schema = schema_of(FeatureSpec.model_validate(document()))
    parsed_schema = InferTensorRepresentationsFromMixedSchema(schema)
    assert set(parsed_schema) == {"a", "n", "l", "v", "i"}
    assert parsed_schema["l"].WhichOneof("kind") == "varlen_sparse_tensor"
    assert parsed_schema["a"].dense_tensor.default_value.bytes_value == b""


def test_schema_disables_dropped_columns_and_says_widths_as_nvtabular_does():
    from google.protobuf import json_format, struct_pb2
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_of(FeatureSpec.model_validate(document()))
    entries = {entry.name: entry for entry in schema.feature}
    disabled = {name for name, entry in entries.items() if entry.lifecycle_stage == schema_pb2.DISABLED}
    assert disabled == {"gone", "lost"}  # `a`, of a dropped cross, is kept by others

    def extra(annotation) -> dict:
        [packed] = annotation.extra_metadata  # Merlin refuses more than one
        assert packed.type_url == "type.googleapis.com/google.protobuf.Struct"
        return json_format.MessageToDict(struct_pb2.Struct.FromString(packed.value))

    assert extra(entries["a"].annotation)["embedding_sizes"] == {"cardinality": 12, "dimension": 8}
    assert extra(entries["l"].annotation) == {
        "embedding_sizes": {"cardinality": 12, "dimension": 4},
        "is_list": True,
        "is_ragged": True,
        "dtype_item_size": 64,
    }
    assert "embedding_sizes" not in extra(entries["v"].annotation)
    assert list(entries["v"].annotation.tag) == ["continuous"]
    assert extra(schema.annotation)["crosses"]["a x i"] == {
        "columns": ["a", "i"],
        "embedding_sizes": {"cardinality": 40, "dimension": 8},
    }

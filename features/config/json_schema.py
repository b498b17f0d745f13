"""The JSON Schema of the config, from which editors complete fields and show their descriptions."""

from __future__ import annotations

import json

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from features.config.config import Config

FILE = "winnow.schema.json"
# The comment by which the YAML language server of editors finds the schema, in the same folder as the config.
EDITOR_LINE = f"# yaml-language-server: $schema={FILE}"


class _WithoutTitles(GenerateJsonSchema):
    """Fields have descriptions; a title that repeats the name would only stand above them."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def config_schema() -> JsonSchemaValue:
    """The JSON Schema (draft 2020-12) of a config's file."""
    schema = Config.model_json_schema(schema_generator=_WithoutTitles)
    # `Config.load` makes these two from the name of the file.
    schema["required"] = [field for field in schema["required"] if field not in ("name", "work_dir")]
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Winnow config"}


def schema_text() -> str:
    """The schema as it is written to a file."""
    return json.dumps(config_schema(), indent=1, ensure_ascii=False) + "\n"

"""Writes what follows from the classes of the config: docs/config.md and configs/winnow.schema.json.

    python docs/config_page.py      (or `make reference`; seconds)

Both come from the types, bounds, defaults and descriptions of the fields, so that a change belongs there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for a script, Python looks in its own folder only

from features.config.json_schema import FILE, config_schema, schema_text  # noqa: E402

PAGE = ROOT / "docs" / "config.md"
SCHEMA = ROOT / "configs" / FILE
_PLURAL = re.compile(r"^\[?(section|text|integer|number)")
HEAD = f"""\
# The config

<!-- Written by docs/config_page.py from the classes in features/; change descriptions there, then run `make reference`. -->

A config is one YAML file; `winnow init` drafts it, and [configs/](../configs) has examples. `data` and `features` are required,
and all other sections have defaults. Any field can be given on the command line too: `--set training.batch_size=4096`.

- Unknown fields are refused, and so are fields that would do nothing where they stand.
- Dates are texts, with or without quotes. Other texts that look like numbers, or like `yes` and `no`, need quotes, as in
  `missing: ["-1"]`.
- Fields may still be called by the names they had in earlier versions.
- [`{FILE}`](../configs/{FILE}) is the JSON Schema of the file. With it, editors that use the YAML language
  server complete fields and show what is below. They look for it where the config's first line says, which is beside the
  config, in drafts of `winnow init` as in [configs/](../configs): `# yaml-language-server: $schema={FILE}`.
"""
Schema = dict[str, Any]


def page() -> str:
    """The text of docs/config.md."""
    schema = config_schema()
    targets: dict[str, str] = {}
    sections = list(_sections(schema, schema, "", targets))
    parts = [HEAD]
    for path, section in sections:
        title = [f"## {path}", section["description"]] if path else ["## All sections"]
        parts += ["", "\n\n".join(title), "", *_table(section, schema, targets)]
    return "\n".join(parts) + "\n"


def _sections(section: Schema, schema: Schema, path: str, targets: dict[str, str]) -> Iterator[tuple[str, Schema]]:
    """A section and those within it, each with the path of its field; where a field has several kinds, what is common first.

    Notes in `targets` under which heading each class of the schema stands; one that several fields may hold stands once.
    """
    yield path, section
    for name, field in _fields(section).items():
        within = {reference: schema["$defs"][reference] for reference in _references(field) if reference not in targets}
        inner = f"{path}.{name}".lstrip(".")
        targets |= dict.fromkeys(within, re.sub(r"[^a-z_]", "", inner))
        if len(within) <= 1:
            for each in within.values():
                yield from _sections(each, schema, inner, targets)
            continue
        kinds = [_fields(each) for each in within.values()]
        common = {name: kinds[0][name] for name in sorted(kinds[0], key=lambda name: name != "match")}
        common = {name: values for name, values in common.items() if all(kind.get(name) == values for kind in kinds)}
        yield inner, {"description": field["description"], "properties": common, "required": ["match"]}
        for each, kind in zip(within.values(), kinds, strict=True):
            of_kind = {name: values for name, values in kind.items() if name not in common}
            yield f"{inner} of kind {kind['kind']['const']}", each | {"properties": of_kind}


def _fields(section: Schema) -> dict[str, Schema]:
    """The fields of a section, be it one of several forms that a value may have."""
    forms = [section, *section.get("anyOf", [])]
    return next((form["properties"] for form in forms if "properties" in form), {})


def _references(field: Schema) -> list[str]:
    """Names of the sections that a field, or each item of its list, may be."""
    if "$ref" in field:
        return [field["$ref"].rsplit("/", 1)[-1]]
    forms = [*field.get("anyOf", []), *field.get("oneOf", []), *([field["items"]] if "items" in field else [])]
    return [reference for form in forms for reference in _references(form)]


def _table(section: Schema, schema: Schema, targets: dict[str, str]) -> Iterator[str]:
    """The lines of a section's table."""
    yield "| field | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    fields = _fields(section)
    former = {re.sub(r".*`(\w+)`.*", r"\1", f["description"]): name for name, f in fields.items() if f.get("deprecated")}
    for name, field in fields.items():
        if field.get("deprecated"):
            continue
        meaning = field.get("description") or schema["$defs"][_references(field)[0]]["description"].split("\n\n")[0]
        meaning += f" Formerly `{former[name]}`." if name in former else ""
        default = "required" if name in section.get("required", ()) else _default(field)
        yield f"| `{name}` | {_words(field, targets)} | {default} | {meaning} |".replace("\n", " ")


def _default(field: Schema) -> str:
    default = field.get("default")
    return "" if default in (None, "", [], {}) or "$ref" in field else _code(default)


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _words(field: Schema, targets: dict[str, str]) -> str:
    """The values a field may have, in words."""
    forms = [form for form in field.get("anyOf", field.get("oneOf", [])) if form.get("type") != "null"]
    if "$ref" in field:
        return f"[section](#{targets[_references(field)[0]]})"
    if "const" in field or "enum" in field:
        return ", ".join(map(_code, field.get("enum", [field.get("const")])))
    if forms:
        return " or ".join(dict.fromkeys(_words(form, targets) for form in forms))
    if field["type"] == "array":
        items = field.get("prefixItems")
        return (
            ", ".join(_words(item, targets) for item in items)
            if items
            else "list of " + _PLURAL.sub(r"\g<0>s", _words(field["items"], targets))
        )
    names = {"integer": "integer", "number": "number", "boolean": "`true`, `false`", "string": "text", "object": "mapping"}
    return f"{names[field['type']]} {_bounds(field)}".strip()


def _bounds(field: Schema) -> str:
    """The least and the largest value, in words."""
    least, most = field.get("minimum"), field.get("maximum")
    above, below = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    if field["type"] == "integer" and above is not None:
        least, above = above + 1, None
    if least is not None and most is not None:
        return f"from {least:,} to {most:,}"
    words = {"from {:,}": least, "above {:,}": above, "to {:,}": most, "below {:,}": below}
    return " and ".join(form.format(bound) for form, bound in words.items() if bound is not None)


def main() -> None:
    """Writes both files."""
    PAGE.write_text(page())
    SCHEMA.write_text(schema_text())


if __name__ == "__main__":
    main()

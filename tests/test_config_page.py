"""docs/config.md and the config's JSON Schema are those that the classes give."""

import importlib.util
import re
from pathlib import Path

import pytest

from features.config.json_schema import FILE, schema_text

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def written():
    """The script that writes both."""
    spec = importlib.util.spec_from_file_location("config_page", ROOT / "docs" / "config_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_and_schema_are_up_to_date(written):
    """After a change of the config's classes: `make reference`."""
    assert (ROOT / "docs" / "config.md").read_text() == written.page()
    assert (ROOT / "configs" / FILE).read_text() == schema_text()


def test_page_has_each_field_once(written):
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.+) \|$", written.page(), re.MULTILINE)
    fields = {name: (value, default) for name, value, default, _ in rows}
    assert fields["seed_count"] == ("integer from 1 to 1,000", "`3`")
    assert fields["warmup"] == ("number from 0 and below 1", "`0.1`")
    assert fields["units"] == ("list of integers from 1 to 1,000,000", "`[256, 128]`")
    assert fields["points"] == ("list of integers from 1 or [section](#selectionbudget)", "")
    assert fields["format"] == ("`tsv`, `csv`, `parquet`, `tfrecord`", "required")
    assert all(meaning.endswith(".") for *_, meaning in rows)

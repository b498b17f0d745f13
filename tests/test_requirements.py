"""What the packages import is what setup.py requires, within ranges that hold the versions of constraints.txt."""

import ast
import re
import runpy
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.house import PACKAGES, Module, modules

ROOT = Path(__file__).parents[1]
# Imported by no line of ours but by TensorFlow: tf.keras is tf_keras where TF_USE_LEGACY_KERAS is set.
IMPORTED_BY_OTHERS = {"tf-keras"}
# Modules of many distributions (`google`), of extras that need not be installed, and of what pydantic pins to one version.
DISTRIBUTIONS = {"google.protobuf": "protobuf", "tf2onnx": "tf2onnx", "onnxruntime": "onnxruntime", "pydantic_core": "pydantic"}


@pytest.fixture(scope="module")
def setup() -> dict:
    """The arguments of `setup` in setup.py."""
    arguments: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("setuptools.setup", lambda **given: arguments.update(given))
        patch.chdir(ROOT)
        runpy.run_path("setup.py")
    return arguments


def imports(module: Module) -> set[str]:
    """Top-level modules of others that a module imports anywhere; of `google`, the package below."""
    nodes = list(ast.walk(module.tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    tops = {".".join(name.split(".")[: 2 if name.startswith("google.") else 1]) for name in names}
    return {name for name in tops if name not in sys.stdlib_module_names and name not in PACKAGES and name != "__future__"}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def test_every_import_is_required_and_every_requirement_imported(setup):
    known = metadata.packages_distributions()
    imported = {name for module in modules(ROOT).values() for name in imports(module)}
    distributions = {name: DISTRIBUTIONS.get(name) or known[name][0] for name in imported}
    needed = {canonicalize_name(distribution) for distribution in distributions.values()} | IMPORTED_BY_OTHERS
    assert needed == names(setup["install_requires"]) | names(setup["extras_require"]["onnx"])


def test_ranges_have_two_ends_and_hold_the_pinned_versions(setup):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split(";")[0].split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    for text in {text for extra in (setup["install_requires"], *setup["extras_require"].values()) for text in extra}:
        wanted = Requirement(text)
        assert {part.operator for part in wanted.specifier} == {">=", "<"}, text
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text


def test_pythons_are_said_alike_everywhere(setup):
    tried = [f"3.{minor}" for minor in range(20) if SpecifierSet(setup["python_requires"]).contains(f"3.{minor}.1")]
    heads = "Programming Language :: Python :: "
    assert [c.removeprefix(heads) for c in setup["classifiers"] if c.startswith(heads + "3.")] == tried
    said = tried[0] if len(tried) == 1 else f"{tried[0]} to {tried[-1]}"
    for page in ("README.md", "CONTRIBUTING.md", "docs/quickstart.md"):
        assert set(re.findall(r"Python (3\.\d+(?: to 3\.\d+)?)", (ROOT / page).read_text())) == {said}, page


def test_the_image_has_one_python_and_the_pinned_beam(setup):
    dockerfile = (ROOT / "Dockerfile").read_text()
    [python] = re.findall(r"^FROM python:(3\.\d+)", dockerfile, re.MULTILINE)
    assert SpecifierSet(setup["python_requires"]).contains(f"{python}.0")
    [(workers, beam)] = re.findall(r"beam_python(3\.\d+)_sdk:(\S+)", dockerfile)
    assert workers == python
    assert f"apache-beam=={beam}" in (ROOT / "constraints.txt").read_text().splitlines()
    assert f"needs Python {python}, as the image has it" in (ROOT / "docs/preprocessing.md").read_text()

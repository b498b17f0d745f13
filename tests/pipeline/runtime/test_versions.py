from importlib import metadata

from pipeline.runtime.versions import program_version, versions


def test_versions_are_those_installed():
    assert versions(["numpy", "no-such-package"]) == {"numpy": metadata.version("numpy"), "no-such-package": "not installed"}
    assert program_version() == metadata.version("winnow")

"""Campaigns of mutated inputs: a short one in `make test`, and a long one in `make fuzz`."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.fuzz.campaign import Campaign


@pytest.fixture
def work_folder(tmp_path, monkeypatch) -> Path:
    """The only folder that may be written to: it is the current one, and that of temporary files."""
    folder = tmp_path / "only" / "here"  # so that `../` leads to a folder that should stay empty
    (folder / "temporary").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def campaign(request, work_folder):
    """Makes the campaign of a target. `WINNOW_FUZZ` is its number of inputs, `WINNOW_FUZZ_SEED` its seed."""

    def make(target: str, short: int) -> Campaign:
        only = os.environ.get("WINNOW_FUZZ_INPUT")
        return Campaign(
            target=target,
            count=int(os.environ.get("WINNOW_FUZZ") or short),
            seed=int(os.environ.get("WINNOW_FUZZ_SEED") or 0),
            only=int(only) if only else None,
            folder=work_folder,
        )

    return make

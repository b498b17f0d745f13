"""A campaign that counts what should not be: errors, slow inputs, and files outside its folder."""

import time
from pathlib import Path

import numpy as np
import pytest

from features.errors import ConfigError, DataError
from tests.fuzz import campaign as module
from tests.fuzz.campaign import Campaign


def campaign_of(folder: Path, attempt, count: int = 1) -> Campaign:
    tried = Campaign("self", count, seed=0, only=None, folder=folder)
    tried.run(attempt, ConfigError)
    return tried


def raising(error: Exception):
    def attempt(_: np.random.Generator) -> None:
        raise error

    return attempt


def test_refusals_are_counted_and_other_errors_are_faults(work_folder, capsys):
    refused = campaign_of(work_folder, raising(ConfigError("field: remedy")), count=3)
    assert (refused.tried, refused.refused, refused.faults) == (3, 3, [])
    refused.check()
    assert "fuzz self, seed 0: 3 tried, 3 refused, 0 faults" in capsys.readouterr().out
    for error, fault in ((KeyError("x"), "KeyError"), (DataError("x"), "DataError"), (ConfigError(" "), "without a word")):
        with pytest.raises(AssertionError, match=fault):
            campaign_of(work_folder, raising(error)).check()


def test_each_input_has_a_generator_of_its_own(work_folder):
    drawn = []
    campaign_of(work_folder, lambda rng: drawn.append(rng.integers(0, 2**60)), count=4)
    assert len(set(drawn)) == 4
    Campaign("self", 4, seed=0, only=2, folder=work_folder).run(lambda rng: drawn.append(rng.integers(0, 2**60)))
    assert drawn[4:] == drawn[2:3]


def test_what_takes_too_long_is_interrupted(work_folder, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 0.05)
    with pytest.raises(AssertionError, match=r"took more than 0\.05 seconds"):
        campaign_of(work_folder, lambda _: time.sleep(5)).check()


@pytest.mark.parametrize("change", [lambda p: p.write_text("x"), lambda p: p.mkdir(), lambda p: Path("a").rename(p)])
def test_changes_outside_the_folder_are_faults(work_folder, change):
    Path("a").write_text("x")

    def attempt(_: np.random.Generator) -> None:
        Path("b").write_text("x")
        change(Path("../outside"))

    with pytest.raises(AssertionError, match="outside"):
        campaign_of(work_folder, attempt).check()
    assert campaign_of(work_folder, lambda _: Path("b").unlink()).written_outside == []

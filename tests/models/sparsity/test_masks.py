"""Block sparsity in real processes: under two replicas, and killed in the middle of the thinning."""

import json
import signal

import numpy as np
import pytest

from tests.models.sparsity import small_thinning
from tests.processes import Process

ROWS, COLUMNS = 11, 10  # of blocks; a tenth of 11 rounded up is 2 in each column


def start(asked: dict) -> Process:
    return Process(small_thinning.main, asked, TF_NUM_INTEROP_THREADS="2")


def result(process: Process) -> dict:
    assert process.end() == 0, process.said[-3000:]
    found = next(line for line in process.said.splitlines() if line.startswith('{"masks"'))
    return json.loads(found) | {"said": process.said}


@pytest.fixture(scope="module")
def alone() -> dict:
    """What one device that nobody disturbs ends with."""
    return result(start({}))


def test_blocks_go_in_the_rounds_between_the_dense_and_the_sparse_ones(alone):
    gone = [(1 - np.exp(-4 * n / 10)) / (1 - np.exp(-4)) for n in range(1, 11)]
    falling = [COLUMNS * (ROWS - int(0.9 * share * ROWS)) for share in gone]
    assert alone["counts"] == [COLUMNS * ROWS] * 3 + falling + [COLUMNS * 2] * 7
    assert np.sum(alone["masks"], axis=(0, 1)).tolist() == [2] * COLUMNS


def test_two_replicas_keep_the_same_blocks_as_one_device(alone):
    mirrored = result(start({"strategy": "mirrored"}))
    first, second = mirrored["masks"]
    assert first == second == alone["masks"][0]
    assert mirrored["counts"] == alone["counts"]


def test_a_training_killed_while_blocks_go_ends_as_if_it_had_not_been(alone, tmp_path):
    folder = {"folder": str(tmp_path)}
    killed = start(folder | {"die_at": 48})
    assert killed.end() == -signal.SIGKILL
    again = result(start(folder))
    assert "going on from the checkpoint of step 40" in again["said"]
    assert COLUMNS * ROWS > again["counts"][0] > COLUMNS * 2
    assert again["counts"] == alone["counts"][-len(again["counts"]) :]
    assert again["masks"] == alone["masks"]
    assert again["checksum"] == alone["checksum"]

"""Searches and retrainings killed at several moments end as if they had not been."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
import yaml

from tests.conftest import SMALL_CONFIG
from tests.processes import Process
from tests.processes import winnow as start


def ended(process: Process) -> str:
    """What a command said that has to succeed."""
    assert process.end() == 0, process.said
    return process.said


def kill_when(ready: Callable[[], object], *arguments: object, number: int = signal.SIGKILL) -> tuple[int, str]:
    """Starts a command and sends it a signal at a moment of its work folder."""
    process = start(*arguments)
    while process.running and not ready():
        time.sleep(0.005)
    process.send(number)
    return process.end(), process.said


def values(prefix: Path) -> dict[str, bytes]:
    """The bytes of each variable of a TensorFlow checkpoint."""
    reader = tf.train.load_checkpoint(str(prefix))
    names = [name for name in reader.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]
    return {name: reader.get_tensor(name).tobytes() for name in names}


@pytest.fixture
def two_jobs(small_job, winnow, tmp_path):
    """Configs of one job with two work folders, both preprocessed."""
    features = [{"match": ["good", "noise", "code"]}, {"match": ["fine"], "kind": "numeric", "buckets": 16}]
    training = SMALL_CONFIG["training"] | {"checkpoint_minutes": 0}
    config = small_job(features=features, training=training, proof={"seed_count": 1, "bootstrap_samples": 10})
    code, said = winnow("preprocess", config)
    assert code == 0, said
    document = yaml.safe_load(config.read_text())
    shutil.copytree(tmp_path / "work", tmp_path / "again")
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(document | {"work_dir": str(tmp_path / "again"), "name": "small"}))
    return config, other


def test_killed_at_any_moment(two_jobs, tmp_path):
    config, other = two_jobs
    work, again = tmp_path / "work", tmp_path / "again"
    whole = start("select", config)
    kept = again / "checkpoints" / "search"
    moments = [lambda: list(kept.glob("*.partial")), lambda: list(kept.glob("step-*[1-9][0-9]/state.json"))]
    for moment in moments:
        assert kill_when(moment, "select", other)[0] == -signal.SIGKILL
    last = max(path.name for path in kept.glob("step-*"))
    code, said = kill_when(lambda: max(p.name for p in kept.glob("step-*")) > last, "select", other, number=signal.SIGTERM)
    assert code == 130, said
    assert "going on from the checkpoint of step" in said
    assert "run the same command again to go on from there" in said
    assert "going on from the checkpoint of step" in ended(start("select", other))
    ended(whole)
    assert not (again / "checkpoints").exists()
    paths = [json.loads((folder / "search" / "path.json").read_text()) for folder in (work, again)]
    assert [path.pop("seconds") > 0 for path in paths] == [True, True]
    assert paths[0] == paths[1]

    whole = start("prove", config)
    runs = again / "proof.partial" / "runs"
    kill_when(lambda: list((again / "checkpoints" / "training").glob("step-*/state.json")), "prove", other)
    kill_when(lambda: list(runs.glob("*.npz")), "prove", other)
    assert runs.exists()
    for process in (start("prove", other), whole):
        ended(process)
    proofs = [json.loads((folder / "proof" / "proof.json").read_text()) for folder in (work, again)]
    assert proofs[0] == proofs[1]
    weights = [values(folder / "proof" / "weights" / "pruned") for folder in (work, again)]
    assert weights[0] == weights[1]
    assert len(weights[0]) > 5

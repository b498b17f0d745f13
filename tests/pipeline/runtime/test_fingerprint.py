import subprocess
import sys

from pipeline.runtime.fingerprint import fingerprint


def test_fingerprints_tell_values_apart_and_not_their_order():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    assert len(fingerprint()) == 16


def test_a_fingerprint_stays_what_it_was():
    assert fingerprint("a", {"b": [1, 2.5, None]}) == "7207c7a9ee4430e3"


def test_a_worker_that_parses_loads_neither_the_stage_runner_nor_tensorflow():
    script = "import sys, pipeline.preprocess.parse; print({'pipeline.runtime.stage', 'tensorflow'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed == "set()\n"

"""How the program ends when a person or the machine stops it, in processes of their own."""

import signal
import subprocess
import sys
import time

import pytest

from tests.processes import winnow as start

STOPPED = "error: stopped; run the same command again to go on from what is done"


def test_ctrl_c_while_the_program_is_imported_is_one_line():
    # The interpreter is interrupted by the import of pydantic, which stands for any moment of the imports.
    script = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pydantic': raise KeyboardInterrupt\n"
        "from pipeline.cli.app import main\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{STOPPED}\n")


@pytest.mark.parametrize("folder", ["transformed.partial/parsed", "transformed.partial/transform", "search.partial"])
def test_ctrl_c_is_one_line_at_any_moment_and_the_next_run_goes_on(small_job, tmp_path, folder):
    config = small_job(proof={"seed_count": 1, "bootstrap_samples": 10})
    process = start("run", config)
    while process.running and not (tmp_path / "work" / folder).exists():
        time.sleep(0.005)
    process.send(signal.SIGINT)
    assert process.end() == 130, process.said
    errors = [line for line in process.said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "run the same command again to go on" in errors[0]
    assert "Traceback" not in process.said
    assert not (tmp_path / "work" / "lock.json").exists()
    assert not (tmp_path / "work" / folder.split(".")[0]).exists()


def test_a_second_run_is_refused_and_takes_over_once_the_first_is_killed(small_job, tmp_path):
    config = small_job()
    first = start("run", config)
    while first.running and not (tmp_path / "work" / "transformed.partial").exists():
        time.sleep(0.005)
    second = start("run", config)
    assert second.end() == 2
    assert second.said.startswith(f"error: {tmp_path / 'work'}: another run (`winnow run`, since ")
    assert f"process {first.pid} on " in second.said
    assert second.said.count("\n") == 1
    first.send(signal.SIGKILL)
    first.end()
    third = start("preprocess", config)
    assert third.end() == 0, third.said
    assert not (tmp_path / "work" / "lock.json").exists()

"""Preprocessing Criteo-format rows: Winnow beside the usual ways, as whole processes.

    python benchmarks/preprocess.py --rows 300000 --rounds 3 --only winnow polars rows      (three minutes on two cores)
    python benchmarks/preprocess.py --rows 3000000 --rounds 3 --only winnow polars
    python benchmarks/preprocess.py                                                         (100k rows, all ways, four)

Each way is a process of its own; ways take turns, and medians are given. `rows` (row-wise Beam and TFT) and `arrow` (Arrow
batches into TFT's own analyzers) run `--slow-rounds` times only. polars is measured if it is there (`pip install polars`).
All do the same: log(1 + x) standardised with an indicator of missing for numbers, ids of tokens seen 10 times or more for
categories; the columns `rows` and `tokens` of the table, what each has written, must agree.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from pipeline.tools.demo import generate  # noqa: E402

PEERS = {"rows": "rows_tft.py", "arrow": "arrow_tft.py", "polars": "polars_ids.py"}
TITLES = {
    "winnow": "Winnow",
    "rows": "row dicts, TFT analyzers, tf.Example",
    "arrow": "Arrow batches, TFT analyzers, Parquet",
    "polars": "polars, no graph",
}
FEATURES = "[{match: I1..I13, kind: numeric, encoding: value, log1p: true}, {match: C1..C26, min_count: 10}]"


@dataclass
class Runs:
    """What the runs of one way gave: seconds and peak bytes of each, rows and tokens written, or why it failed."""

    seconds: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=dict)
    failure: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, help="rounds of `rows` and `arrow`")
    parser.add_argument("--only", nargs="+", choices=list(TITLES), default=list(TITLES))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "winnow-benchmark"), help="keeps the data")
    asked = parser.parse_args()
    folder = asked.work / f"criteo-{asked.rows}"
    generate(folder, asked.rows)
    runs = {way: Runs() for way in asked.only}
    for number in range(asked.rounds):
        for way in asked.only:
            if runs[way].failure or (way in ("rows", "arrow") and number >= asked.slow_rounds):
                continue
            measure(way, folder / "train.tsv", asked.work / f"output-{way}", runs[way])
            print(f"round {number + 1}, {way}: {runs[way].failure or f'{runs[way].seconds[-1]:.1f} s'}", file=sys.stderr)
    show(runs, asked.rows)


def measure(way: str, data: Path, output: Path, runs: Runs) -> None:
    """One run, from the start of its process to its end; its output is removed."""
    if way == "polars" and importlib.util.find_spec("polars") is None:
        runs.failure = "not installed (pip install polars)"
        return
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command(way, data, output), stdout=said, stderr=log, env=os.environ | quiet, cwd=HERE.parent)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        log.seek(0)
        if process.returncode:
            lines = (log.read() + said.read()).strip().splitlines()
            runs.failure = f"failed ({process.returncode}): {lines[-1] if lines else ''}"
        else:
            runs.seconds.append(seconds)
            runs.peak.append(usage.ru_maxrss << 10)
            runs.made = written(output) if way == "winnow" else json.loads(said.read().splitlines()[-1])
    shutil.rmtree(output)


def command(way: str, data: Path, output: Path) -> list[str]:
    if way != "winnow":
        return [sys.executable, str(HERE / "peers" / PEERS[way]), str(data), str(output)]
    sets = {"data.train": data, "work_dir": output, "data.split": "{validation: 0, test: 0}", "features": FEATURES}
    overrides = [f"--set={name}={value}" for name, value in sets.items()]
    return [sys.executable, "-m", "pipeline.cli.app", "preprocess", "configs/criteo.yaml", *overrides]


def written(output: Path) -> dict[str, int]:
    transformed = output / "transformed"
    rows = json.loads((transformed / "manifest.json").read_text())["splits"]["train"]["rows"]
    return {"rows": rows, "tokens": sum(text.read_bytes().count(b"\n") for text in (transformed / "vocabulary").iterdir())}


def show(runs: dict[str, Runs], rows: int) -> None:
    table = Table(title=f"{rows:,} Criteo-format rows, whole process, {os.cpu_count()} cores")
    for column in ("way", "runs", "seconds", "rows/s", "times Winnow", "peak memory", "rows", "tokens"):
        table.add_column(column, justify="left" if column == "way" else "right")
    own = statistics.median(runs["winnow"].seconds) if "winnow" in runs and runs["winnow"].seconds else None
    for way, found in runs.items():
        if not found.seconds:
            table.add_row(TITLES[way], "0", found.failure)
            continue
        seconds = statistics.median(found.seconds)
        ratio = f"{seconds / own:.1f}" if own else ""
        peak = f"{statistics.median(found.peak) / 1e9:.2f} GB"
        counts = [str(len(found.seconds)), f"{seconds:.1f}", f"{rows / seconds:,.0f}", ratio, peak]
        table.add_row(TITLES[way], *counts, f"{found.made['rows']:,}", f"{found.made['tokens']:,}")
    Console(width=max(120, Console().width)).print(table)


if __name__ == "__main__":
    main()

"""What pruning saves in serving: bytes on disk and in memory, latency and throughput, full against pruned, in turn.

    WINNOW_DATA=FOLDER python benchmarks/serving.py [--config configs/kuairand.yaml] [--work FOLDER] [--set KEY=VALUE ...]

Runs the main job for 15 features and for 10 % of the bytes, as far as the work folder does not hold them (about four minutes
on two cores), then loads the SavedModels in one process, calls them in turn, and prints one table. The full model is
untrained: its weights' values do not matter here.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from features.config import Config
from features.inputs import Input
from features.names import argument_names
from features.spec import FeatureSpec
from pipeline.dataset.transformed import Transformed
from pipeline.serving.synthetic_requests import as_tensors, make_requests
from pipeline.serving.timing import disk_bytes, latencies

BUDGETS = {"15 features": "features=15", "10 % of bytes": "bytes=10%"}
BATCHES, TURNS = (1, 32, 1000), {1: 300, 32: 300, 1000: 100}
THREADS, REQUESTS, ROUNDS = 2, 300, 5  # of the throughput, in batches of 32
RESIDENT = """
import sys
import tensorflow as tf
def resident():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) << 10
before = resident()
model = tf.saved_model.load(sys.argv[1])
print(resident() - before)
"""


@dataclass
class Model:
    """A SavedModel on disk and the raw columns it asks for."""

    folder: Path
    inputs: list[Input]
    data: Transformed

    def load(self) -> None:
        """Loads it into this process."""
        import tensorflow as tf

        self.loaded = tf.saved_model.load(str(self.folder))

    def call(self, batch: int) -> Callable[[], Any]:
        """A request of that many rows, ready to be sent."""
        statistics = self.data.statistics
        request = make_requests(self.inputs, self.data.features, statistics, batch, missing=0.02)
        names = argument_names([column.name for column in self.inputs])
        tensors = {names[name]: tensor for name, tensor in as_tensors(request, self.inputs).items()}
        served = self.loaded.signatures["serving_default"]
        return lambda: served(**tensors)["score"].numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/kuairand.yaml")
    parser.add_argument("--work", type=Path, default=Path("work/serving"))
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    asked = parser.parse_args()
    models: dict[str, Model] = {}
    for name, budget in BUDGETS.items():
        folder = asked.work / budget.replace("=", "-").replace("%", "")
        if models and not folder.exists():  # the data need not be preprocessed twice
            shutil.copytree(asked.work / "features-15" / "transformed", folder / "transformed")
        config = Config.load(asked.config, [*asked.overrides, f"work_dir={folder}", f"selection.budget.{budget}"])
        models[name] = pruned_model(config)
    models = {"all features": full_model(config, asked.work / "full")} | models
    Console(width=140).print(table(models))


def pruned_model(config: Config) -> Model:
    """Of a run, made now where it is not there."""
    from pipeline.plan import Plan

    Plan(config).run(("preprocess", "search", "select", "prove", "export"))
    spec = FeatureSpec.load(Path(config.work_dir, "model"))
    inputs = [Input(column.name, column.dtype, column.length) for column in spec.inputs]
    return Model(Path(config.work_dir, "model", "saved_model"), inputs, Transformed(f"{config.work_dir}/transformed"))


def full_model(config: Config, folder: Path) -> Model:
    """Of all features at full width, exported as the pruned one is."""
    import tensorflow as tf

    from pipeline.serving.serving_model import serving_model

    data = Transformed(f"{config.work_dir}/transformed")
    widths = {encoding.name: encoding.width(config.model.embedding_width) for encoding in data.encodings}
    made = serving_model(config, data, widths, str(folder / "transform"))
    tf.saved_model.save(made, str(folder / "saved_model"), signatures=made.signatures())
    return Model(folder / "saved_model", made.inputs, data)


def table(models: dict[str, Model]) -> Table:
    """Every figure, and the last columns' share of the first's."""
    rows: dict[str, dict[str, float]] = {}
    for name, model in models.items():
        disk = disk_bytes(model.folder)
        rows.setdefault("inputs of a request", {})[name] = len(model.inputs)
        rows.setdefault("variables and vocabularies, MB", {})[name] = (disk["variables"] + disk["vocabularies"]) / 1e6
        rows.setdefault("SavedModel on disk, MB", {})[name] = sum(disk.values()) / 1e6
        rows.setdefault("resident after loading, MB", {})[name] = resident(model) / 1e6
        model.load()
    for batch in BATCHES:
        found = latencies({name: model.call(batch) for name, model in models.items()}, TURNS[batch])
        for level in ("p50", "p99"):
            rows[f"{level} at batch {batch}, ms"] = {name: figures[level] / 1e3 for name, figures in found.items()}
    rows[f"rows/s, {THREADS} clients, batch 32"] = throughput({name: model.call(32) for name, model in models.items()})
    shown = Table(title="Serving, full against pruned, in turn")
    for column in ("", *models, *(f"{name} / all" for name in list(models)[1:])):
        shown.add_column(column, justify="right" if column else "left")
    for title, row in rows.items():
        full, *others = row.values()
        figures = [f"{value:,.0f}" if value >= 1000 else f"{value:.4g}" for value in row.values()]
        shown.add_row(title, *figures, *(f"{value / full:.3f}" for value in others))
    return shown


def resident(model: Model) -> int:
    """Bytes by which a process with tensorflow alone grows when it loads the model."""
    command = [sys.executable, "-c", RESIDENT, str(model.folder)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def throughput(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Rows a second of two clients that each send the next request when the last is answered; the best of the rounds."""
    best = dict.fromkeys(calls, 0.0)
    with ThreadPoolExecutor(THREADS) as clients:
        for _ in range(ROUNDS):
            for name, call in calls.items():
                started = time.perf_counter()
                list(clients.map(lambda _, call=call: call(), range(REQUESTS)))
                best[name] = max(best[name], 32 * REQUESTS / (time.perf_counter() - started))
    return best


if __name__ == "__main__":
    main()

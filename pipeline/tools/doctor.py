"""What stands between a person and a run: versions, devices, Beam runners, and room for what a config needs."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich import box
from rich.table import Table

from features.config import Config
from features.encoding import Encoding, full_widths
from features.errors import WinnowError
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.split_counts import check_counts, describe, warnings
from pipeline.preprocess.split_sample import sample_splits
from pipeline.raw.format import naming_unreadable
from pipeline.raw.formats import FORMATS
from pipeline.raw.piece import RawFile
from pipeline.runtime import files
from pipeline.runtime.tensorflow_import import load_tensorflow

# The extras of setup.py, and what a person wants them for.
_EXTRAS = {
    "gcp": "Dataflow and gs:// paths",
    "onnx": "`winnow onnx`",
}
# Libraries whose versions are asked for first when something fails.
_SHOWN = ("tensorflow", "apache-beam", "pyarrow")
_GOOGLE = "google.cloud.storage"


@dataclass(frozen=True)
class Check:
    """One thing looked at: `problem` stops a run, `note` may be wanted."""

    subject: str
    status: Literal["ok", "note", "problem"]
    observed: str
    remedy: str = ""


def examine(config: Config | None = None) -> list[Check]:
    """All checks; those of memory and disk only with a config."""
    checks = [_python(), *_packages(), *_devices(), *_runners()]
    return [*checks, *(_needs(config) if config else ())]


def document(checks: list[Check]) -> dict[str, Any]:
    """The checks as JSON values; `ok` says whether a run can start."""
    return {"ok": all(check.status != "problem" for check in checks), "checks": [_entry(check) for check in checks]}


def _entry(check: Check) -> dict[str, str]:
    """A check under the keys of `winnow doctor --json`, which are those of the table's columns."""
    return {"subject": check.subject, "status": check.status, "found": check.observed, "remedy": check.remedy}


def table(checks: list[Check]) -> Table:
    """The checks for a person."""
    shown = Table(box=box.SIMPLE_HEAD, expand=False)
    for column in ("", "what", "found", "what to do"):
        shown.add_column(column, overflow="fold")
    colours = {"ok": "green", "note": "yellow", "problem": "red"}
    for check in checks:
        shown.add_row(f"[{colours[check.status]}]{check.status}[/]", check.subject, check.observed, check.remedy)
    return shown


def _python() -> Check:
    """Against the range of the installed distribution, which is setup.py's `python_requires`."""
    wanted = SpecifierSet(metadata.metadata("winnow")["Requires-Python"] or "")
    if wanted.contains(platform.python_version(), prereleases=True):
        return Check("python", "ok", platform.python_version())
    return Check("python", "problem", platform.python_version(), f"make a virtual environment with a Python {wanted}")


def _packages() -> Iterator[Check]:
    """Against the ranges of the installed distribution, which are those of setup.py; extras are wishes."""
    wanted = [Requirement(text) for text in metadata.requires("winnow") or []]
    yield from _range("winnow's libraries", [each for each in wanted if each.marker is None], "problem", "pip install winnow")
    for extra, purpose in _EXTRAS.items():
        # What the extra alone brings in: its marker holds with the extra, and not without.
        with_extra = [each for each in wanted if each.marker and each.marker.evaluate({"extra": extra})]
        of_extra = [each for each in with_extra if not each.marker.evaluate({"extra": ""})]  # type: ignore[union-attr]
        yield from _range(f"for {purpose}", of_extra, "note", f"pip install 'winnow[{extra}]'")


def _range(subject: str, wanted: list[Requirement], otherwise: Literal["note", "problem"], remedy: str) -> Iterator[Check]:
    faults = [fault for fault in map(_fault, wanted) if fault]
    if faults:
        yield Check(subject, otherwise, "; ".join(faults), remedy)
    else:
        said = [f"{each.name} {metadata.version(each.name)}" for each in wanted if each.name in _SHOWN or len(wanted) < 3]
        yield Check(subject, "ok", f"{len(wanted)} within their ranges: {', '.join(said)}")


def _fault(wanted: Requirement) -> str | None:
    try:
        have = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if not wanted.specifier.contains(have, prereleases=True):
        return f"{wanted.name} is {have}, not {wanted.specifier}"
    if "gcp" in wanted.extras and not _has(_GOOGLE):
        return f"{wanted.name} is there, but without its Google Cloud part"
    return None


def _devices() -> Iterator[Check]:
    if os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        yield Check("keras", "problem", "TF_USE_LEGACY_KERAS is not 1: tf.keras would be Keras 3", "unset TF_USE_LEGACY_KERAS")
    try:
        load_tensorflow()
        import tensorflow as tf
    except ImportError as error:
        yield Check("tensorflow", "problem", f"cannot be imported: {error}", "pip install --force-reinstall tensorflow")
        return
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
        yield Check("devices", "ok", f"{len(gpus)} GPU(s): {', '.join(names)}; {os.cpu_count()} CPUs")
        return
    # A tool that comes with the driver: with it, there is a GPU that TensorFlow should see.
    unseen = shutil.which("nvidia-smi") is not None
    remedy = "a GPU's driver is here, which TensorFlow does not see: pip install 'tensorflow[and-cuda]'" if unseen else ""
    yield Check("devices", "note" if unseen else "ok", f"no GPU; {os.cpu_count()} CPUs", remedy)


def _runners() -> Iterator[Check]:
    yield Check("beam runner", "ok", "FnApiRunner (in this process, the default)")
    if _has(_GOOGLE):
        yield Check("beam runner", "ok", "DataflowRunner (-- --runner=DataflowRunner --project=... --temp_location=gs://...)")
    else:
        yield Check("beam runner", "note", "DataflowRunner is not there", "pip install 'winnow[gcp]'")
    java = shutil.which("java")
    remedy = "" if java else "install a Java runtime (apt-get install default-jre-headless)"
    yield Check(
        "beam runner",
        "ok" if java else "note",
        f"FlinkRunner, SparkRunner {'need only a job server' if java else 'need Java'}",
        remedy,
    )


def _needs(config: Config) -> Iterator[Check]:
    """Data, disk and memory. Sizes of tables are known after preprocessing, and bounded before."""
    try:
        resolved = ResolvedConfig.of(config)
        rows = sum(_estimate_rows(config, file) for file in resolved.files)
    except WinnowError as error:
        yield Check("data", "problem", str(error), "mend the config")
        return
    size = sum(file.size for file in resolved.files)
    yield Check(
        "data", "ok", f"{len(resolved.files)} files, {_human(size)}, about {rows:,} rows; {len(resolved.features)} features"
    )
    yield from _splits(resolved)
    features_file = files.join(config.work_dir, "transformed", "features.json")
    known = files.exists(features_file)
    bounds = [feature.encoding_of_size(feature.largest_size(rows)) for feature in resolved.features]
    encodings = [Encoding(**each) for each in files.read_json(features_file)["encodings"]] if known else bounds
    yield _disk(config, encodings, rows, known)
    yield _memory(config, encodings, rows, known)


def _splits(resolved: ResolvedConfig) -> Iterator[Check]:
    """Rows and positives of each split, over some megabytes of the data, and what is too few in them."""
    said, whole = "no rows", True
    try:
        counts, whole = sample_splits(resolved)
        said = describe(counts) if whole else f"in a sample: {describe(counts)}"
        check_counts(resolved.data, counts)
    except WinnowError as error:
        yield Check("splits", "problem" if whole else "note", said, str(error))
        return
    yield Check("splits", "ok", said)
    if whole:
        yield from (Check("splits", "note", sentence) for sentence in warnings(counts))


def _disk(config: Config, encodings: list[Encoding], rows: int, known: bool) -> Check:
    # Four bytes for the label and each value, uncompressed: Parquet takes less.
    transformed = rows * 4 * (1 + sum(encoding.length * (2 if encoding.weighted else 1) for encoding in encodings))
    tables = sum(encoding.rows * encoding.width(config.model.embedding_width) * 4 for encoding in encodings)
    need = transformed + 4 * tables  # two checkpoints, the proof's weights and the SavedModel
    said = f"at most {_human(need)} in {config.work_dir}"
    if not files.is_local(config.work_dir):
        return Check("disk", "note", f"{said}, in a bucket", "all stages but preprocess need a work_dir on a disk")
    work_dir = Path(config.work_dir).absolute()
    # A folder that is not made yet will lie on the disk of its nearest parent.
    free = shutil.disk_usage(next(each for each in (work_dir, *work_dir.parents) if each.exists())).free
    if need <= free:
        return Check("disk", "ok", f"{said}; {_human(free)} free")
    # Before preprocessing sizes are bounds, which may be far too high to stop anybody.
    status: Literal["note", "problem"] = "problem" if known else "note"
    return Check("disk", status, f"{said}; only {_human(free)} free", "set work_dir to a larger disk")


def _memory(config: Config, encodings: list[Encoding], rows: int, known: bool) -> Check:
    """Tables and a step of training, and the window of rows in which it shuffles."""
    from models.memory import Footprint, room
    from models.table_layout import TableLayout

    widths = full_widths(encodings, config.model.embedding_width)
    training = Footprint.of(TableLayout(encodings, widths), config.training, config.training.batch_size, dense=False).total()
    window = min(rows, config.training.shuffle_rows) * 4 * sum(encoding.length for encoding in encodings)
    need, have = training + window, room()
    said = f"training needs {'' if known else 'at most '}{_human(need)}"
    if have is None or need <= have:
        return Check("memory", "ok", said + (f"; {_human(have)} here" if have else ""))
    largest = sorted(encodings, key=lambda each: -each.rows * widths[each.name])[:3]
    remedy = (
        f"set max_size or hash_buckets on {', '.join(each.name for each in largest)}, or training.strategy: parameter_server"
    )
    status: Literal["note", "problem"] = "problem" if known else "note"
    return Check("memory", status, f"{said}; {_human(have)} here", remedy)


def _estimate_rows(config: Config, file: RawFile) -> int:
    """About how many rows a file has.

    Raises:
      DataError: the file cannot be read as its format.
    """
    with naming_unreadable(file.path, config.data.format):
        return FORMATS[config.data.format].estimate_rows(config.data, file)


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _human(size: float) -> str:
    from models.memory import human

    return human(size)

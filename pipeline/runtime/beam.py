"""Running a Beam pipeline, in this process or on a cluster."""

from __future__ import annotations

import io
import re
from argparse import ArgumentError, ArgumentParser
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from features.errors import ConfigError, DataError
from pipeline.runtime import files
from pipeline.runtime.console import say

# Runners whose job service has options of its own, which the Python SDK learns only when it connects.
_WITH_JOB_SERVER = ("portable", "flink", "spark", "prism")
# Named, because Beam's own default first tries Prism, a program that it fetches from the network.
_DEFAULT_ARGS = ["--runner=FnApiRunner"]
# A folder below a bucket: with anything else as its temporary folder, Beam tries for minutes before it fails.
_BUCKET_FOLDER = re.compile(r"gs://[a-z0-9][-_.a-z0-9]+[a-z0-9]/.+")


def run_beam(build: Callable[[Any], Any], beam_args: Sequence[str]) -> None:
    """Runs a Beam pipeline; a DataError or ConfigError raised on a worker comes out as itself.

    Raises:
      ConfigError: Beam refuses its options.
    """
    # No main session: workers import Winnow as a package, so that nothing of this process' main module has to travel.
    options = PipelineOptions(list(beam_args) or _DEFAULT_ARGS, save_main_session=False)
    try:
        pipeline = beam.Pipeline(options=options)
    except ValueError as error:
        raise ConfigError(f"the options after `--`: {error}") from None
    try:
        with pipeline as root:
            build(root)
    except Exception as error:
        if str(error).startswith("KeyboardInterrupt"):  # Ctrl-C within a step, which Beam makes an error of the step
            raise KeyboardInterrupt from None
        if ours := _error_of_ours(error):
            raise ours from None
        raise


def _error_of_ours(error: Exception) -> DataError | ConfigError | None:
    """The error that a worker raised, without the name of Beam's step; None if it is not one of ours.

    Runners that do not pickle exceptions hand over their text, with the name of the class before it and a traceback behind.
    """
    text = str(error)
    for kind in (DataError, ConfigError):
        if isinstance(error, kind):
            return kind(re.sub(r" \[while running '.*'\]$", "", text))
        # The message ends at Beam's mark of the step, at a blank line, or where the next line is not indented.
        named = re.search(rf"{kind.__module__}\.{kind.__name__}: (.*?)(?: \[while running|\n\n|\n(?=\S)|$)", text, re.DOTALL)
        if named:
            return kind(named[1])
    return None


def check_options(beam_args: Sequence[str]) -> None:
    """Checks that Beam knows its options: by itself it passes over those that it does not know.

    Raises:
      ConfigError: an option is not one of Beam's, or its value is of another type; names the option, and one like it.
    """
    unknown: list[str] = []
    known: list[str] = []

    def note(parser: ArgumentParser) -> None:
        # Beam hands over a parser that knows the options of all its runners; there is no public way to ask for one.
        unknown.extend(parser.parse_known_args(list(beam_args))[1])
        known.extend(dict.fromkeys(re.findall(r"--\w+", parser.format_help())))

    complaint = io.StringIO()  # where argparse writes what it does not take, before it exits
    try:
        with redirect_stderr(complaint):
            options = PipelineOptions(list(beam_args))
            options.get_all_options(add_extra_args_fn=note)
    except (SystemExit, ArgumentError) as error:
        reason = (complaint.getvalue().strip().splitlines() or [str(error)])[-1].rpartition("error: ")[2]
        raise ConfigError(f"the options after `--`: {reason}") from None
    if not unknown:
        return
    name = unknown[0].partition("=")[0]
    runner = options.view_as(StandardOptions).runner or ""
    if name.startswith("--") and any(word in runner.lower() for word in _WITH_JOB_SERVER):
        say(f"warning: {name} after `--` is no option of Beam's Python SDK; {runner} may know it")
        return
    alike = get_close_matches(name, known, 1)
    remedy = f"did you mean {alike[0]}?" if alike else "what follows `--` are options of Beam's runners, such as --runner"
    raise ConfigError(f"the options after `--`: Beam has no option {name}; {remedy}")


def check_reach(beam_args: Sequence[str], paths: Sequence[str]) -> None:
    """Checks before a Dataflow job that its workers can read and write what they must.

    Args:
      beam_args: of the job; another runner may share a disk with this machine.
      paths: to be read or written.

    Raises:
      ConfigError: a path is on this machine, or Beam's own folders are not in a bucket, over which Beam tries for minutes.
    """
    options = PipelineOptions(list(beam_args))
    if "dataflow" not in (options.view_as(StandardOptions).runner or "").lower():
        return
    google = options.view_as(GoogleCloudOptions)
    folders = {name: getattr(google, name) for name in ("temp_location", "staging_location")}
    if not any(folders.values()):
        raise ConfigError("DataflowRunner needs --temp_location=gs://BUCKET/FOLDER after `--`")
    for name, path in folders.items():
        if path and not _BUCKET_FOLDER.fullmatch(path):
            raise ConfigError(f"--{name}={path} is not of the form gs://BUCKET/FOLDER, as DataflowRunner needs it")
    for path in paths:
        if files.is_local(path):
            raise ConfigError(f"{path} is on this machine, where Dataflow's workers cannot reach it; put it into a bucket")

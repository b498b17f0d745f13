"""Running a Beam pipeline, in this process or on a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from features.errors import ConfigError, DataError
from pipeline.runtime import files

_DEFAULT_ARGS = ["--runner=FnApiRunner"]
_BUCKET_FOLDER = re.compile(r"gs://[a-z0-9][-_.a-z0-9]+[a-z0-9]/.+")


def run_beam(build: Callable[[Any], Any], beam_args: Sequence[str]) -> None:
    """Runs a Beam pipeline; a DataError or ConfigError raised on a worker comes out as itself.

    Raises:
      ConfigError: Beam refuses its options.
    """
    options = PipelineOptions(list(beam_args) or _DEFAULT_ARGS, save_main_session=False)
    try:
        pipeline = beam.Pipeline(options=options)
    except ValueError as error:
        raise ConfigError(f"the options after `--`: {error}") from None
    try:
        with pipeline as root:
            build(root)
    except Exception as error:
        for kind in (DataError, ConfigError):
            pattern = rf"{kind.__module__}\.{kind.__name__}: (.*?)(?: \[while running|\n\n|\n(?=\S)|$)"
            match = re.search(pattern, str(error), re.DOTALL)
            if isinstance(error, kind) or match:
                raise kind(match[1] if match else str(error)) from None
        raise


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
    own = {name: getattr(google, name) for name in ("temp_location", "staging_location")}
    if not any(own.values()):
        raise ConfigError("DataflowRunner needs --temp_location=gs://BUCKET/FOLDER after `--`")
    for name, path in own.items():
        if path and not _BUCKET_FOLDER.fullmatch(path):
            raise ConfigError(f"--{name}={path} is not of the form gs://BUCKET/FOLDER, as DataflowRunner needs it")
    for path in paths:
        if files.is_local(path):
            raise ConfigError(f"{path} is on this machine, where Dataflow's workers cannot reach it; put it into a bucket")

"""Running a Beam pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from features.errors import ConfigError, DataError

_DEFAULT_ARGS = ["--runner=FnApiRunner"]


def run_beam(build: Callable[[Any], Any], beam_args: Sequence[str]) -> None:
    """Runs a Beam pipeline; a DataError or ConfigError raised on a worker comes out as itself."""
    options = PipelineOptions(list(beam_args) or _DEFAULT_ARGS, save_main_session=False)
    try:
        with beam.Pipeline(options=options) as root:
            build(root)
    except Exception as error:
        for kind in (DataError, ConfigError):
            pattern = rf"{kind.__module__}\.{kind.__name__}: (.*?)(?: \[while running|\n\n|\n(?=\S)|$)"
            match = re.search(pattern, str(error), re.DOTALL)
            if isinstance(error, kind) or match:
                raise kind(match[1] if match else str(error)) from None
        raise

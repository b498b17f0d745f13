"""Entry of the image where nobody types a command line: each parameter comes as `--name=value`, the config from a bucket.

`--config=gs://b/criteo.yaml --set=work_dir=gs://b/work --runner=DataflowRunner` is run as
`winnow preprocess COPY --set=work_dir=gs://b/work -- --runner=DataflowRunner`, COPY being a local copy of the config.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from pipeline.cli import app
from pipeline.runtime import files


def arguments(flags: list[str], folder: str) -> list[str]:
    """The command line of `winnow` for the launcher's flags: `--config` and `--set` are ours, the rest is Beam's.

    Args:
      flags: of the launcher.
      folder: a local one, for the copy of the config.
    """
    parser = argparse.ArgumentParser(prog="winnow-flex-template", allow_abbrev=False)
    parser.add_argument("--config", required=True, help="the config's path, in a bucket or local")
    parser.add_argument("--set", default="", metavar="KEY=VALUE;...", help="overrides of the config's fields")
    ours, beam = parser.parse_known_args(flags)
    if any(flag.startswith("--template_location") for flag in beam):
        # Beam then only writes a job's graph there and runs nothing, but the second job is made of what the first has counted.
        parser.error("preprocessing is two jobs, and a Dataflow template holds one; see docs/preprocessing.md for Cloud Run")
    copy = Path(folder, ours.config.rsplit("/", 1)[-1])  # under its own name, which names the work folder
    try:
        copy.write_bytes(files.read_bytes(ours.config))
    except OSError as error:
        parser.error(f"--config={ours.config} cannot be read: {error}")
    overrides = [f"--set={override.strip()}" for override in ours.set.split(";") if override.strip()]
    return ["preprocess", str(copy), *overrides, "--", *beam]


def main() -> None:
    """Runs `winnow preprocess` with the launcher's flags."""
    with tempfile.TemporaryDirectory() as folder:
        sys.argv[1:] = arguments(sys.argv[1:], folder)
        app.main()


__all__ = ["arguments", "main"]

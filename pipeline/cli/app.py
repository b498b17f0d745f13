"""The program `winnow`: its commands, and how it ends. Light to import, so that Ctrl-C and `--help` are quick."""

from __future__ import annotations

import sys

import typer

from features.errors import WinnowError
from pipeline.cli import job_commands, model_commands, tool_commands
from pipeline.cli.options import Commands, shared, stopping_at_ctrl_c
from pipeline.runtime.console import output, say

app = typer.Typer(cls=Commands, callback=shared, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
for commands in (job_commands, tool_commands, model_commands):
    commands.add_to(app)


def main() -> None:
    """Entry of the console script: an error that a person can mend is one message and an exit code other than 0."""
    output.quiet = output.as_json = False
    try:
        with stopping_at_ctrl_c():
            _call()
    except WinnowError as error:
        say(str(error), "error", exit_code=error.exit_code)
        sys.exit(error.exit_code)


def _call() -> None:
    from pipeline.runtime.disk import explaining_disk
    from pipeline.runtime.log import listening
    from pipeline.runtime.scratch import scratch_folder

    with listening(), explaining_disk("."), scratch_folder():
        app()


if __name__ == "__main__":
    main()

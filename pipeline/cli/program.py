"""The program `winnow`: its commands, and what surrounds each of them."""

from __future__ import annotations

import typer

from pipeline.cli import job_commands, model_commands, tool_commands
from pipeline.cli.options import Commands, shared
from pipeline.runtime.console import output
from pipeline.runtime.disk import explaining_disk
from pipeline.runtime.log import listening
from pipeline.runtime.scratch import scratch_folder

app = typer.Typer(cls=Commands, callback=shared, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
for commands in (job_commands, tool_commands, model_commands):
    commands.add_to(app)


def run_command_line() -> None:
    """Runs the command that `sys.argv` names, and ends the process with its exit code.

    Raises:
      WinnowError: a person can mend it.
    """
    # Several command lines may run in one process, as they do in tests.
    output.quiet = output.as_json = False
    with listening(), explaining_disk("."), scratch_folder():
        app()

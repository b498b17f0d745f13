"""Options that several commands share, and those of the program itself, which may stand before or after a command's name."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from features.errors import STOPPED, StoppedError
from pipeline.runtime.console import output

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML config.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Overrides a field, such as selection.budget.features=10."),
]
Previous = Annotated[
    str | None,
    typer.Option("--from", metavar="SPEC", help="An earlier feature spec: its features stay unless the data speak against."),
]
Points = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Proves these too: numbers of features, shares of bytes, such as 5,10,20%."),
]
Force = Annotated[bool, typer.Option("--force", help="Runs the stages even where nothing has changed.")]
# Settings of the commands whose words after `--` are options of Beam.
PASSED_TO_BEAM = {"allow_extra_args": True, "ignore_unknown_options": False}


class Commands(TyperGroup):
    """Gives every command the program's own options, and makes Ctrl-C an error of ours."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            # So that `winnow run CONFIG --json` says the same as `winnow --json run CONFIG`.
            program_options = [option for option in self.params if option.name in ("quiet", "as_json")]
            command.params += [option for option in program_options if option not in command.params]
        return command

    def invoke(self, ctx: Any) -> Any:
        """Keeps Ctrl-C from typer, which would say `Aborted.` and no more."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError(STOPPED) from None


def _set(name: str, value: bool) -> bool:
    # Called for both positions of the option: False is that of the unused one, and must not undo the other.
    if value:
        setattr(output, name, True)
    return value


def _version(asked: bool) -> bool:
    if asked:
        typer.echo(f"winnow {metadata.version('winnow')}")
        raise typer.Exit
    return asked


# The callbacks do the work: a function is not given what `expose_value` holds back, so commands need no parameters for it.
_QUIET = typer.Option(
    "--quiet", "-q", help="Says nothing but errors.", expose_value=False, callback=lambda value: _set("quiet", value)
)
_JSON = typer.Option(
    "--json",
    help="The result as JSON on the standard output, events as JSON lines on the standard error.",
    expose_value=False,
    callback=lambda value: _set("as_json", value),
)
_VERSION = typer.Option("--version", help="Says the version.", is_eager=True, expose_value=False, callback=_version)


def shared(
    quiet: Annotated[bool, _QUIET] = False,
    as_json: Annotated[bool, _JSON] = False,
    version: Annotated[bool, _VERSION] = False,
) -> None:
    """Feature selection for large recommenders: from raw logs to a pruned, proved ranking model.

    Start with `winnow init DATA...`, then `winnow run winnow.yaml`. Any command's --help has an example.
    """

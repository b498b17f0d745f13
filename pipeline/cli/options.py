"""What all commands share: options before or after the command's name, and what Ctrl-C does."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from features.errors import StoppedError
from pipeline.runtime.console import output


class Commands(TyperGroup):
    """Gives every command the program's own options, and makes Ctrl-C an error of ours."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            shared = [own for own in self.params if own.name in ("quiet", "as_json")]
            command.params += [own for own in shared if own not in command.params]
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("stopped; run the same command again to go on from what is done") from None


def _set(name: str, value: bool) -> bool:
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

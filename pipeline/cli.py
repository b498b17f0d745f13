"""The command line."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from features.config import Config
from features.errors import WinnowError
from pipeline.console import console, say

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode="rich")

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML config.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Overrides a field, such as selection.budget.features=10."),
]
Force = Annotated[bool, typer.Option("--force", help="Runs the stages even where nothing has changed.")]
_BEAM = {"allow_extra_args": True, "ignore_unknown_options": False}
STAGES = ("preprocess", "search", "select", "retrain", "export", "report")


@app.command(context_settings=_BEAM)
def run(context: typer.Context, config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Runs the main job from raw logs to the report; what follows `--` goes to Beam.

    Example: winnow run configs/kuairand.yaml --set selection.budget.features=10
    """
    _run(STAGES, config, overrides, force, context.args)


@app.command(context_settings=_BEAM)
def preprocess(context: typer.Context, config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Raw files to Parquet of ids and floats, vocabularies and the transform graph; what follows `--` goes to Beam.

    Example: winnow preprocess configs/criteo.yaml -- --runner=DataflowRunner --project=P --temp_location=gs://B/tmp
    """
    _run(["preprocess"], config, overrides, force, context.args)


@app.command()
def select(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Searches the path of features and cuts it at the budget.

    Example: winnow select configs/demo.yaml --set selection.budget.bytes=10%
    """
    _run(["search", "select"], config, overrides, force)


@app.command()
def retrain(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Proves the choice: trains the full and the pruned model from scratch, with several seeds.

    Example: winnow retrain configs/demo.yaml --set proof.seeds=5
    """
    _run(["retrain"], config, overrides, force)


@app.command()
def export(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Writes the feature spec and the SavedModel of the pruned model.

    Example: winnow export configs/demo.yaml
    """
    _run(["export"], config, overrides, force)


@app.command()
def report(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Writes the HTML report.

    Example: winnow report configs/demo.yaml
    """
    _run(["report"], config, overrides, force)


@app.command()
def init(
    data: Annotated[list[str], typer.Argument(metavar="DATA...", help="Files or globs of raw rows.", show_default=False)],
    label: Annotated[str | None, typer.Option(help="The label's column, where the guess would be wrong.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the config.")] = Path("winnow.yaml"),
) -> None:
    """Writes a first config by looking at a sample of the data.

    Example: winnow init logs/*.parquet --label is_click -o logs.yaml
    """
    from pipeline.draft import draft

    if output.exists():
        raise typer.BadParameter(f"{output} exists; name another file with --output", param_hint="--output")
    output.write_text(draft(data, label=label))
    say(f"wrote {output}; read its comments, then: winnow run {output}")


@app.command()
def demo(
    config: Annotated[Path, typer.Argument(help="The demo's config.")] = Path("configs/demo.yaml"),
    overrides: Overrides = None,
    force: Force = False,
) -> None:
    """Makes Criteo-format data with a planted truth, runs the main job on it, and says what was found.

    Example: winnow demo
    """
    from features.spec import FeatureSpec
    from pipeline.demo import compare, generate

    read = Config.load(config, overrides)
    say(f"demo: planting data in {Path(read.data.train[0]).parent}")
    truth = generate(Path(read.data.train[0]).parent)
    _run(STAGES, config, overrides, force)
    spec = FeatureSpec.load(Path(read.work_dir, "model"))
    say(f"{compare(truth, spec.names())}\nreport: {Path(read.work_dir, 'report', 'index.html')}")


def main() -> None:
    """Entry of the console script: errors a person can mend are one message and an exit code of 2 or 3."""
    for noisy in ("tensorflow", "absl", "apache_beam", "root"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        app()
    except WinnowError as error:
        console.print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _run(
    stages: tuple[str, ...] | list[str],
    path: Path,
    overrides: list[str] | None,
    force: bool,
    beam_args: list[str] | None = None,
) -> None:
    from pipeline.plan import Plan

    plan = Plan(Config.load(path, overrides), beam_args or [])
    plan.run(stages, force)
    say(f"work folder: {plan.config.work_dir}")


if __name__ == "__main__":
    main()

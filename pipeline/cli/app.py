"""The command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from features.config import Config
from features.errors import WinnowError
from pipeline.cli import model_commands
from pipeline.cli.options import Commands, shared
from pipeline.runtime.console import give, output, say
from pipeline.runtime.tensorflow_import import load_tensorflow
from pipeline.runtime.workspace import STAGES, Workspace

app = typer.Typer(cls=Commands, callback=shared, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")

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
_BEAM = {"allow_extra_args": True, "ignore_unknown_options": False}


@app.command(context_settings=_BEAM)
def run(
    context: typer.Context,
    config: ConfigPath,
    overrides: Overrides = None,
    force: Force = False,
    previous: Previous = None,
) -> None:
    """Runs the main job from raw logs to the report; what follows `--` goes to Beam.

    Example: winnow run configs/kuairand.yaml --set selection.budget.features=10
    """
    _run(STAGES, config, _moving_on(overrides, previous), force, context.args)


@app.command(context_settings=_BEAM)
def preprocess(context: typer.Context, config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Raw files to Parquet of ids and floats, vocabularies and the transform graph; what follows `--` goes to Beam.

    Example: winnow preprocess configs/criteo.yaml -- --runner=DataflowRunner --project=P --temp_location=gs://B/tmp
    """
    _run(["preprocess"], config, overrides, force, context.args)


@app.command()
def select(config: ConfigPath, overrides: Overrides = None, force: Force = False, previous: Previous = None) -> None:
    """Searches the path of features and cuts it at the budget.

    Example: winnow select configs/demo.yaml --set selection.budget.bytes=10%
    """
    _run(["search", "select"], config, _moving_on(overrides, previous), force)


@app.command()
def prove(config: ConfigPath, points: Points = None, overrides: Overrides = None, force: Force = False) -> None:
    """Proves the choice: trains the full and the pruned model from scratch, with several seeds.

    Example: winnow prove configs/demo.yaml --points 5,10,20% --set proof.seed_count=5
    """
    if points:
        asked = [f"{{bytes: {part}}}" if part.endswith("%") else part for part in points.replace(" ", "").split(",")]
        overrides = [*(overrides or []), f"proof.points=[{', '.join(asked)}]"]
    _run(["prove"], config, overrides, force)


@app.command(hidden=True)
def retrain(config: ConfigPath, points: Points = None, overrides: Overrides = None, force: Force = False) -> None:
    """The former name of `winnow prove`.

    Example: winnow retrain configs/demo.yaml
    """
    say("warning: `winnow retrain` is now called `winnow prove`")
    prove(config, points, overrides, force)


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
    from features.config_schema import FILE, schema_text
    from pipeline.tools.init import draft

    if output.exists():
        raise typer.BadParameter(f"{output} exists; name another file with --output", param_hint="--output")
    made = draft(data, label=label)
    output.write_text(made.text)
    output.with_name(FILE).write_text(schema_text())  # where the draft's first line lets editors look for it
    say(f"label: {made.label[0]} ({made.label[1]})")
    say(f"features: {', '.join(f'{len(names)} {kind}' for kind, names in made.features.items() if names)}")
    for reason, names in made.left_out.items():
        say(f"left out: {', '.join(names)} ({reason})")
    say(f"wrote {output}, and {FILE} for editors; check its guesses, then: winnow run {output}")
    give({"config": str(output), "label": made.label[0], "features": made.features, "left_out": made.left_out})


@app.command()
def compare(
    config: ConfigPath,
    methods: Annotated[str, typer.Option(help="Names as in selection.method, or `all`.")] = "all",
    k: Annotated[str, typer.Option("--k", help="Numbers of features to retrain with.")] = "3,5,8,10,15,20,25,30",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds that each method ranks and is retrained with.")] = 3,
    overrides: Overrides = None,
) -> None:
    """Ranks the features by several methods, retrains the first k of each, and shows AUC against cost.

    Example: winnow compare configs/kuairand.yaml --methods sequential_attention,permutation --k 5,10,20
    """
    from pipeline.plan import Plan
    from pipeline.runtime.log import journal

    plan = Plan(Config.load(config, overrides))
    with journal(plan.workspace, "compare"):
        plan.run(["preprocess"])
        load_tensorflow()
        from pipeline.selection.compare import Comparison, table

        comparison = Comparison.of(plan.config, plan.workspace, methods, k, seeds)
        document = comparison.run()
        give(document, table(document))
        say(f"compare: {comparison.folder}")


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="The YAML config.", show_default=False)] = None,
    overrides: Overrides = None,
) -> None:
    """Looks at versions, devices, Beam runners, and, with a config, at its data and the memory and disk it will need.

    Example: winnow doctor configs/kuairand.yaml
    """
    from pipeline.tools.doctor import document, examine, table

    found = examine(Config.load(config, overrides) if config else None)
    give(document(found), table(found))
    raise typer.Exit(not document(found)["ok"])


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
    from pipeline.tools.demo import compare, generate

    read = Config.load(config, overrides)
    say(f"demo: planting data in {Path(read.data.train[0]).parent}")
    truth = generate(Path(read.data.train[0]).parent)
    _run(STAGES, config, overrides, force)
    spec = FeatureSpec.load(Path(read.work_dir, "model"))
    say(str(compare(truth, spec.names())))


model_commands.add_to(app)


def main() -> None:
    """Entry of the console script: errors a person can mend are one message and an exit code of 2 or 3."""
    from pipeline.runtime.log import listening

    output.quiet = output.as_json = False
    with listening():
        try:
            app()
        except WinnowError as error:
            say(str(error), "error", exit_code=error.exit_code)
            sys.exit(error.exit_code)


def _moving_on(overrides: list[str] | None, previous: str | None) -> list[str] | None:
    return [*(overrides or []), f"selection.previous={previous}"] if previous else overrides


def _run(
    stages: tuple[str, ...] | list[str],
    path: Path,
    overrides: list[str] | None,
    force: bool,
    beam_args: list[str] | None = None,
) -> None:
    from pipeline.cli.summary import run_summary, tables
    from pipeline.plan import Plan
    from pipeline.runtime.log import journal

    loaded = Config.load(path, overrides)
    workspace: Workspace | None = Workspace(loaded.work_dir)
    if "TF_CONFIG" in os.environ:
        from pipeline.training.cluster import join_cluster

        workspace = join_cluster(loaded, stages)
    if workspace is None:
        return None
    plan = Plan(loaded, beam_args or [], workspace)
    with journal(workspace, "run" if stages is STAGES else stages[-1]):
        made = plan.run(stages, force)
        if not workspace.writes:
            return None
        document: dict[str, Any] = {"work_dir": plan.config.work_dir, "stages": made}
        if "report" not in stages:
            say(f"work folder: {plan.config.work_dir}")
            return give(document)
        summary = run_summary(plan.config.work_dir)
        return give(document | summary.model_dump(mode="json"), tables(summary))


if __name__ == "__main__":
    main()

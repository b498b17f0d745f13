"""Commands of the main job: all its stages, each alone, and the comparison of methods."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.config import Config
from pipeline.cli.options import PASSED_TO_BEAM, ConfigPath, Force, Overrides, Points, Previous
from pipeline.runtime.console import give, say

if TYPE_CHECKING:
    from pipeline.runtime.workspace import Workspace


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
    run_job(config, _with_previous(overrides, previous), force, context.args)


def preprocess(context: typer.Context, config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Raw files to Parquet of ids and floats, vocabularies and the transform graph; what follows `--` goes to Beam.

    Example: winnow preprocess configs/criteo.yaml -- --runner=DataflowRunner --project=P --temp_location=gs://B/tmp
    """
    _run_stages("preprocess", ["preprocess"], config, overrides, force, context.args)


def select(config: ConfigPath, overrides: Overrides = None, force: Force = False, previous: Previous = None) -> None:
    """Searches the path of features and cuts it at the budget.

    Example: winnow select configs/demo.yaml --set selection.budget.bytes=10%
    """
    _run_stages("select", ["search", "select"], config, _with_previous(overrides, previous), force)


def prove(config: ConfigPath, points: Points = None, overrides: Overrides = None, force: Force = False) -> None:
    """Proves the selection: trains the full and the pruned model from scratch, with several seeds.

    Example: winnow prove configs/demo.yaml --points 5,10,20% --set proof.seed_count=5
    """
    if points:
        # `5%` is a share of the bytes, a bare number a number of features, as in `proof.points`.
        asked = [f"{{bytes: {part}}}" if part.endswith("%") else part for part in points.replace(" ", "").split(",")]
        overrides = [*(overrides or []), f"proof.points=[{', '.join(asked)}]"]
    _run_stages("prove", ["prove"], config, overrides, force)


def retrain(config: ConfigPath, points: Points = None, overrides: Overrides = None, force: Force = False) -> None:
    """The former name of `winnow prove`.

    Example: winnow retrain configs/demo.yaml
    """
    # Kept for scripts that were written before it was renamed.
    say("warning: `winnow retrain` is now called `winnow prove`")
    prove(config, points, overrides, force)


def export(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Writes the feature spec and the SavedModel of the pruned model.

    Example: winnow export configs/demo.yaml
    """
    _run_stages("export", ["export"], config, overrides, force)


def report(config: ConfigPath, overrides: Overrides = None, force: Force = False) -> None:
    """Writes the HTML report.

    Example: winnow report configs/demo.yaml
    """
    _run_stages("report", ["report"], config, overrides, force)


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
    from pipeline.cli.at_work import at_work
    from pipeline.plan import Plan
    from pipeline.runtime.tensorflow_import import load_tensorflow

    plan = Plan(Config.load(config, overrides))
    plan.check_disk("compare")
    with at_work(plan.workspace, "compare"):
        plan.run(["preprocess"])
        # Before the imports below, which would let TensorFlow's libraries write to stderr.
        load_tensorflow()
        from pipeline.selection.compare import Comparing
        from pipeline.selection.comparison_table import comparison_table

        comparing = Comparing.of(plan.config, plan.workspace, methods, k, seeds)
        comparison = comparing.run()
        give(comparison.model_dump(mode="json"), comparison_table(comparison))
        say(f"compare: {comparing.folder}")


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the program, in the order of its help."""
    app.command(context_settings=PASSED_TO_BEAM)(run)
    app.command(context_settings=PASSED_TO_BEAM)(preprocess)
    for command in (select, prove, export, report, compare):
        app.command()(command)
    # Left out of `--help`, which names each stage once.
    app.command(hidden=True)(retrain)


def run_job(config: Path, overrides: list[str] | None, force: bool, beam_args: Sequence[str] = ()) -> None:
    """Runs all stages of the main job, and shows what came of it."""
    from pipeline.runtime.workspace import STAGES

    _run_stages("run", STAGES, config, overrides, force, beam_args)


def _run_stages(
    command: str,
    stages: Sequence[str],
    path: Path,
    overrides: list[str] | None,
    force: bool,
    beam_args: Sequence[str] = (),
) -> None:
    # Imported here and not above, so that `--help` is shown, and a mistake on the command line named, without Beam.
    from pipeline.cli.at_work import at_work
    from pipeline.cli.summary import run_summary, tables
    from pipeline.plan import Plan
    from pipeline.runtime.beam import check_options

    config = Config.load(path, overrides)
    # Before any work, as Beam itself passes over options that it does not know.
    check_options(beam_args)
    workspace = _workspace(config, stages)
    if workspace is None:  # it has served as a worker or server of parameter servers
        return
    plan = Plan(config, beam_args, workspace)
    plan.check_disk(*stages)
    with at_work(workspace, command):
        stages_run = plan.run(stages, force)
        # The chief of the cluster says what came of it.
        if not workspace.writes:
            return
        document: dict[str, Any] = {"work_dir": workspace.path, "stages": stages_run}
        if "report" in stages:
            summary = run_summary(workspace.path)
            give(document | summary.model_dump(mode="json"), tables(summary))
        else:
            say(f"work folder: {workspace.path}")
            give(document)


def _workspace(config: Config, stages: Sequence[str]) -> Workspace | None:
    """The work folder as this process may use it; None for a task of a cluster that has done its part by now."""
    # A run of one process, which most are, need not import TensorFlow for this.
    if "TF_CONFIG" in os.environ:
        from pipeline.training.cluster import join_cluster

        return join_cluster(config, stages)
    from pipeline.runtime.workspace import Workspace

    return Workspace(config.work_dir)


def _with_previous(overrides: list[str] | None, previous: str | None) -> list[str] | None:
    # As an override, so that it is part of the config in force, which the report keeps.
    return [*(overrides or []), f"selection.previous={previous}"] if previous else overrides

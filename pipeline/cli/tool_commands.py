"""Commands around the main job: a first config, a look at the machine, and the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.config import Config
from features.errors import ConfigError
from pipeline.cli.job_commands import run_job
from pipeline.cli.options import Force, Overrides
from pipeline.runtime.console import give, say


def init(
    paths: Annotated[list[str], typer.Argument(metavar="DATA...", help="Files or globs of raw rows.", show_default=False)],
    label: Annotated[str | None, typer.Option(help="The label's column, where the guess would be wrong.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the config.")] = Path("winnow.yaml"),
) -> None:
    """Writes a first config by looking at a sample of the data.

    Example: winnow init logs/*.parquet --label is_click -o logs.yaml
    """
    from features.config.json_schema import FILE, schema_text
    from pipeline.tools.init import draft

    # A draft is there to be edited: one is not written over.
    if output.exists():
        raise ConfigError(f"{output} exists; name another file with --output")
    drafted = draft(paths, label=label)
    output.write_text(drafted.text)
    output.with_name(FILE).write_text(schema_text())  # where the draft's first line lets editors look for it
    say(f"label: {drafted.label[0]} ({drafted.label[1]})")
    say(f"features: {', '.join(f'{len(names)} {kind}' for kind, names in drafted.features.items() if names)}")
    for reason, names in drafted.left_out.items():
        say(f"left out: {', '.join(names)} ({reason})")
    for note in drafted.notes:
        say(note)
    say(f"wrote {output}, and {FILE} for editors; check its guesses, then: winnow run {output}")
    give({"config": str(output), "label": drafted.label[0], "features": drafted.features, "left_out": drafted.left_out})


def doctor(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="The YAML config.", show_default=False)] = None,
    overrides: Overrides = None,
) -> None:
    """Looks at versions, devices, Beam runners, and, with a config, at its data and the memory and disk it will need.

    Example: winnow doctor configs/kuairand.yaml
    """
    from pipeline.tools.doctor import document, examine, table

    findings = examine(Config.load(config, overrides) if config else None)
    give(document(findings), table(findings))
    # So that a script can ask before it starts a job of hours.
    raise typer.Exit(not document(findings)["ok"])


def demo(
    config: Annotated[Path, typer.Argument(help="The demo's config.")] = Path("configs/demo.yaml"),
    overrides: Overrides = None,
    force: Force = False,
) -> None:
    """Makes Criteo-format data with a planted truth, runs the main job on it, and says how much of the truth was selected.

    Example: winnow demo
    """
    from features.spec import FeatureSpec
    from pipeline.tools.demo import generate, mark

    settings = Config.load(config, overrides)
    # Where the config looks for it, so that `--set data.train=...` moves the data too.
    data_folder = Path(settings.data.train[0]).parent
    say(f"demo: planting data in {data_folder}")
    truth = generate(data_folder)
    run_job(config, overrides, force)
    spec = FeatureSpec.load(Path(settings.work_dir, "model"))
    say(str(mark(truth, spec.names())))


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    for command in (init, doctor, demo):
        app.command()(command)

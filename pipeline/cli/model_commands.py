"""Commands that use what the main job has made: the feature spec and the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from features.config.yaml_file import parse_yaml
from features.errors import ConfigError
from pipeline.cli.options import PASSED_TO_BEAM
from pipeline.runtime.console import give, say

ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or its SavedModel.", show_default=False)]
SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="A feature spec, or its folder.", show_default=False)]


def inspect(spec: SpecPath) -> None:
    """Shows a feature spec: what is kept, at which width and cost; what is dropped, and why.

    Example: winnow inspect work/kuairand/model
    """
    # Imported where it is needed, here and below: `winnow --help` need not load what reads specs and models.
    from features.spec import FeatureSpec
    from pipeline.report.spec_tables import spec_table

    read = FeatureSpec.load(spec)
    give(read.model_dump(), spec_table(read))


def diff(
    old: Annotated[Path, typer.Argument(metavar="A", help="A feature spec.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="B", help="Another.", show_default=False)],
) -> None:
    """Compares two feature specs; the exit code is 0 if they keep the same features in the same way, else 1.

    Example: winnow diff work/may/model work/june/model --json
    """
    from features.spec import FeatureSpec
    from pipeline.report.spec_difference import spec_difference
    from pipeline.report.spec_tables import difference_lines

    difference = spec_difference(FeatureSpec.load(old), FeatureSpec.load(new))
    give(difference.model_dump(mode="json"), difference_lines(difference))
    # As `diff` itself does, so that a script can ask.
    raise typer.Exit(0 if difference.same else 1)


def prune(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The config the spec came from.", show_default=False)],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC", help="A feature spec, or its folder.", show_default=False)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write, if not to CONFIG-pruned.yaml.")] = None,
) -> None:
    """Writes a config that trains on the kept features alone, at their widths, and searches nothing.

    Example: winnow prune configs/kuairand.yaml --spec work/kuairand/model
    """
    from features.spec import FeatureSpec
    from pipeline.tools.prune import prune as write_pruned

    target = output or config.with_name(f"{config.stem}-pruned{config.suffix}")
    # A pruned config is there to be edited: it is not written over.
    if target.exists():
        raise ConfigError(f"{target} exists; name another file with --output")
    write_pruned(config, FeatureSpec.load(spec), target)
    say(f"wrote {target}; compare it with {config}, then: winnow run {target}")
    give({"config": str(target)})


def verify(model: ModelPath) -> None:
    """Replays a model's golden requests and blesses it, or says what differs.

    Example: winnow verify work/kuairand/model
    """
    from pipeline.runtime.tensorflow_import import load_tensorflow
    from pipeline.serving.verify import verify as replay

    load_tensorflow()
    blessing = replay(model)
    say(f"blessed: {blessing.rows} golden requests score within {blessing.greatest_difference:.1e} of the export")
    give(blessing.model_dump(mode="json"))


def score(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model folder, or its SavedModel.", show_default=False)],
    source: Annotated[list[str], typer.Option("--input", "-i", metavar="FILES", help="Raw files.", show_default=False)],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.", show_default=False)],
    carry: Annotated[list[str] | None, typer.Option("--carry", metavar="COLUMN", help="Passes on, such as a key.")] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of the config's data, where these files are written otherwise."),
    ] = None,
) -> None:
    """Scores raw rows with a model, on Beam; what follows `--` goes to Beam.

    Example: winnow score work/kuairand/model -i 'logs/*.parquet' -o scores --carry user_id -- --runner=DataflowRunner
    """
    from pipeline.runtime.beam import check_options
    from pipeline.runtime.disk import explaining_disk
    from pipeline.runtime.tensorflow_import import load_tensorflow
    from pipeline.serving.score import score as score_files

    check_options(context.args)
    load_tensorflow()
    with explaining_disk(output):
        summary = score_files(model, source, output, carry or [], _fields(fields or []), context.args)
    quality = summary.quality
    # Files without labels are scored all the same, and have no figures.
    figures = f"; AUC {quality.auc:.6f}, log loss {quality.log_loss:.6f}" if quality else ""
    say(f"wrote {output}: {summary.rows:,} rows, {sum(summary.rejected.values()):,} rejected{figures}")
    give(summary.model_dump(mode="json"))


def onnx(
    model: ModelPath, output: Annotated[Path, typer.Option("--output", "-o", help="Where to write.")] = Path("model.onnx")
) -> None:
    """Writes a model's network in ONNX: ids in, scores out. Needs the extra `onnx`.

    Example: winnow onnx work/kuairand/model -o kuairand.onnx
    """
    from pipeline.runtime.tensorflow_import import load_tensorflow
    from pipeline.serving.onnx import to_onnx

    load_tensorflow()
    differing = to_onnx(model, output)
    say(f"wrote {output}; golden requests score within {differing:.1e} of TensorFlow's")
    give({"onnx": str(output), "greatest_difference": differing})


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    for command in (inspect, diff, prune, verify, onnx):
        app.command()(command)
    app.command(context_settings=PASSED_TO_BEAM)(score)


def _fields(settings: list[str]) -> dict[str, Any]:
    """`key=value`s as a mapping.

    Raises:
      ConfigError: one is not written so.
    """
    fields = {}
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise ConfigError(f"--set {setting}: write key=value, such as format=csv")
        # Read as in the YAML config, so that `header=false` is a truth value and no text.
        fields[key] = parse_yaml(value, f"--set {setting}")
    return fields

"""The main job as a table of stages: what each depends on, and the function that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features.config import Config
from features.errors import ConfigError, DataError
from features.fields import expand
from features.spec import FeatureSpec
from pipeline.runtime import files
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.stage import Stage, StageRecord, read_record
from pipeline.runtime.versions import program_version
from pipeline.runtime.workspace import CHECKPOINTS, STAGES, TRAINING, Workspace

if TYPE_CHECKING:
    from pipeline.preprocess.resolved_config import ResolvedConfig


class Plan:
    """Runs the stages of a config, each after those before it (its fingerprint holds theirs).

    Args:
      config: of the run.
      beam_args: options of Beam, for preprocessing.
      workspace: the work folder, as a task of a cluster may use it; the config's, to write into, if left out.
    """

    def __init__(self, config: Config, beam_args: Sequence[str] = (), workspace: Workspace | None = None) -> None:
        self.config, self.beam_args = config, list(beam_args)
        self.workspace = workspace or Workspace(config.work_dir)

    @cached_property
    def resolved(self) -> ResolvedConfig:
        """The config bound to its files and columns."""
        from pipeline.preprocess.resolved_config import ResolvedConfig

        return ResolvedConfig.of(self.config)

    def folder(self, stage: str) -> str:
        """Where a stage's output lies in the work folder."""
        return self.workspace.folder(stage)

    def stage(self, name: str) -> Stage:
        """The stage of that name.

        Raises:
          DataError: a stage it depends on has not run.
        """
        form = TABLE[name]
        # One is enough: the fingerprint of the stage before holds those of all earlier ones.
        before = [self._finished(form.after).fingerprint] if form.after else []
        # With the version, as another Winnow may make other output of the same inputs.
        parts = fingerprint(name, program_version(), *before, *form.inputs(self))
        return Stage(name, self.workspace, parts, lambda folder: form.build(self, folder), form.needs_tensorflow)

    def run(self, names: Sequence[str], force: bool = False) -> dict[str, dict[str, Any]]:
        """Runs stages in order; once one has made something new, later ones see it in their fingerprints.

        Returns:
          Of each stage its `folder`, and whether it was `made` now.

        Raises:
          ConfigError: the work folder is not on a disk, as a stage needs it, or was made by another version of Winnow.
          DataError: a stage that one of these depends on has not run.
        """
        self.check_disk(*names)
        self._check_versions(names, force)
        if self.workspace.writes:
            files.make_folder(self.workspace.path)
            if force:
                # A checkpoint would give back what `--force` is to train anew.
                files.remove(self.workspace.join(CHECKPOINTS))
        else:
            # Such a process waits for the chief's preprocessing and trains along; exports and reports are the chief's alone.
            names = [name for name in names if name in ("preprocess", *TRAINING)]
        return {name: {"folder": self.folder(name), "made": self.stage(name).run(force)} for name in names}

    def check_disk(self, *names: str) -> None:
        """Checks, before anything is done, that the work folder is on a disk if a stage or command needs that.

        Raises:
          ConfigError: it is in a bucket; names the stages that cannot work there.
        """
        # A name that is no stage is a command such as `compare`, which trains, and so needs a disk.
        on_disk = [name for name in names if name not in TABLE or TABLE[name].on_disk]
        if on_disk and not files.is_local(self.workspace.path):
            raise ConfigError(
                f"work_dir: {self.workspace.path} is not on a disk, as {', '.join(on_disk)} need it; run `winnow preprocess` "
                f"there, copy {self.folder('preprocess')} into a local or mounted work_dir, and go on with that"
            )

    def _check_versions(self, names: Sequence[str], force: bool) -> None:
        """Refuses folders of another version that the run would read or silently make again."""
        last = max(STAGES.index(name) for name in names)
        # Earlier stages too, whose folders are read by those that run.
        for name in STAGES[: last + 1]:
            record = read_record(self.folder(name))
            if record is None or record.version == program_version() or (force and name in names):
                continue
            maker = f"Winnow {record.version}" if record.version else "an earlier version of Winnow"
            raise ConfigError(
                f"{self.folder(name)}: made by {maker}, and this is Winnow {program_version()}; name another work_dir, or "
                "make everything in this one again with `winnow run CONFIG --force`"
            )

    def _finished(self, stage: str) -> StageRecord:
        record = read_record(self.folder(stage))
        if record is None:
            # The search is a stage of its own, but a part of the command `select`.
            command = "select" if stage == "search" else stage
            raise DataError(f"{self.folder(stage)}: not there yet; run `winnow {command}` first, or `winnow run`")
        return record


@dataclass(frozen=True)
class StageForm:
    """What the plan knows of a stage.

    Attributes:
      after: the stage before it, whose fingerprint enters this one's.
      inputs: the fields of the config, and anything else, that the output depends on, as JSON values.
      build: makes the output in a folder.
      needs_tensorflow: see `Stage`.
      on_disk: whether TensorFlow or NumPy opens files of the work folder by themselves, which takes local paths.
    """

    after: str | None
    inputs: Callable[[Plan], list[Any]]
    build: Callable[[Plan, str], None]
    needs_tensorflow: bool = True
    on_disk: bool = True


# Each stage is imported when it runs: what it needs, such as Beam or TensorFlow, takes seconds to import.
def _preprocess(plan: Plan, folder: str) -> None:
    from pipeline.preprocess.preprocess import preprocess

    preprocess(plan.resolved, folder, plan.beam_args)


def _search(plan: Plan, folder: str) -> None:
    from pipeline.selection.search import search

    search(plan.config, plan.workspace, folder)


def _search_inputs(plan: Plan) -> list[Any]:
    config, budget = plan.config, plan.config.selection.budget
    inputs: list[Any] = [
        # The dense model: a search thins no tower, so that another sparsity needs no new search.
        config.model.dense.model_dump(),
        config.training.model_dump(),
        config.selection.model_dump(exclude={"budget"}),
        # Of the budget only what the search measures and prices with: another amount is cut from the same path.
        [budget.unit, budget.optimizer_slots, budget.latency_batch],
    ]
    if config.selection.previous:  # what the earlier spec says, wherever it lies
        inputs.append(FeatureSpec.load(expand(config.selection.previous)).to_json())
    return inputs


def _select(plan: Plan, folder: str) -> None:
    from pipeline.selection.select import select

    select(plan.config, plan.workspace, folder)


def _prove(plan: Plan, folder: str) -> None:
    from pipeline.selection.prove import prove

    prove(plan.config, plan.workspace, folder)


def _export(plan: Plan, folder: str) -> None:
    from pipeline.serving.export import export

    export(plan.config, plan.workspace, folder)


def _report(plan: Plan, folder: str) -> None:
    from pipeline.report.report import report

    report(plan.config, plan.workspace, folder)


def _report_inputs(plan: Plan) -> list[Any]:
    """What was measured at the export, and what lies beside the stages: a comparison may come, or go, at any time."""
    beside = ("transformed/manifest.json", "transformed/statistics.json", "model/measured.json", "compare/compare.json")
    paths = [plan.workspace.join(*path.split("/")) for path in beside]
    return [files.read_json(path) if files.exists(path) else None for path in paths]


TABLE = {
    "preprocess": StageForm(None, lambda plan: plan.resolved.fingerprint(), _preprocess, needs_tensorflow=False, on_disk=False),
    "search": StageForm("preprocess", _search_inputs, _search),
    # The whole of `selection`: the search leaves out most of the budget, which decides here.
    "select": StageForm("search", lambda plan: [plan.config.selection.model_dump()], _select),
    # The tower again, with its sparsity, which only the proof trains.
    "prove": StageForm("select", lambda plan: [plan.config.proof.model_dump(), plan.config.model.tower.model_dump()], _prove),
    "export": StageForm("prove", lambda plan: [plan.config.name, plan.config.serving.model_dump()], _export),
    "report": StageForm("export", _report_inputs, _report, on_disk=False),
}

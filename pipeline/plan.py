"""The main job as stages: which folder each makes, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from features.config import Config
from features.errors import DataError
from features.fields import expand
from features.spec import FeatureSpec
from pipeline.runtime import files
from pipeline.runtime.fingerprint import fingerprint
from pipeline.runtime.stage import CHECKPOINTS, TRAINING, Stage, recorded

FOLDERS = {
    "preprocess": "transformed",
    "search": "search",
    "select": "selection",
    "prove": "proof",
    "export": "model",
    "report": "report",
}


class Plan:
    """Makes the stages of a config, each after those before it have run (its fingerprint holds theirs)."""

    def __init__(self, config: Config, beam_args: Sequence[str] = ()) -> None:
        self.config, self.beam_args = config, list(beam_args)

    def folder(self, stage: str) -> str:
        """Where a stage's output lies in the work folder."""
        return files.join(self.config.work_dir, FOLDERS[stage])

    def stage(self, name: str) -> Stage:
        """The stage of that name.

        Raises:
          DataError: a stage it depends on has not run.
        """
        parts, build = getattr(self, f"_{name}")()
        return Stage(name, self.folder(name), fingerprint(name, *parts), build)

    def run(self, names: Sequence[str], force: bool = False) -> dict[str, dict[str, Any]]:
        """Runs stages in order; once one has made something new, later ones see it in their fingerprints.

        Returns:
          Of each stage its `folder`, and whether it was `made` now.
        """
        files.make_folder(self.config.work_dir)
        if files.access.read_only:
            names = [name for name in names if name in ("preprocess", *TRAINING)]
        if force:
            files.remove(files.join(self.config.work_dir, CHECKPOINTS))
        return {name: {"folder": self.folder(name), "made": self.stage(name).run(force)} for name in names}

    def _preprocess(self) -> tuple[list[Any], Callable[[str], None]]:
        from pipeline.preprocess.preprocess import Job, preprocess

        job = Job.of(self.config)
        return job.fingerprint(), lambda folder: preprocess(job, folder, self.beam_args)

    def _search(self) -> tuple[list[Any], Callable[[str], None]]:
        config = self.config
        budget = config.selection.budget
        parts: list[Any] = [
            config.model.dense.model_dump(),
            config.training.model_dump(),
            config.selection.model_dump(exclude={"budget"}),
        ]
        parts.append([budget.unit, budget.optimizer_slots, budget.latency_batch])
        if config.selection.previous:  # not its path alone: what it says
            parts.append(FeatureSpec.load(expand(config.selection.previous)).to_json())

        def build(folder: str) -> None:
            from pipeline.dataset.transformed import Transformed
            from pipeline.selection.keep_all import whole_path
            from pipeline.selection.search import search

            make = whole_path if budget.all else search
            make(config, Transformed(self.folder("preprocess")), folder)

        return [self._after("preprocess"), *parts], build

    def _select(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset.transformed import Transformed
            from pipeline.selection.keep_all import keep_all
            from pipeline.selection.select import select

            data = Transformed(self.folder("preprocess"))
            if self.config.selection.budget.all:
                return keep_all(data, self._read("search", "path.json"), folder)
            return select(self.config, data, self.folder("search"), folder)

        return [self._after("search"), self.config.selection.model_dump()], build

    def _prove(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset.transformed import Transformed
            from pipeline.selection.prove import prove
            from pipeline.selection.select import further_points

            data = Transformed(self.folder("preprocess"))
            more = {} if self.config.selection.budget.all else further_points(self.config, data, self.folder("search"))
            prove(self.config, data, self._read("select", "selection.json"), folder, more)

        return [self._after("select"), self.config.proof.model_dump(), self.config.model.tower.model_dump()], build

    def _export(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset.transformed import Transformed
            from pipeline.serving.export import export

            data = Transformed(self.folder("preprocess"))
            path, selection = self._read("search", "path.json"), self._read("select", "selection.json")
            export(self.config, data, path, selection, self.folder("prove"), folder)

        return [self._after("prove"), self.config.name, self.config.serving.model_dump()], build

    def _report(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.report.report import report

            report(self.config, self.config.work_dir, folder)

        # What lies in the work folder besides the main job's last stage: a comparison may come, or go, at any time.
        beside = ("transformed/manifest.json", "transformed/statistics.json", "compare/compare.json")
        paths = [files.join(self.config.work_dir, *path.split("/")) for path in beside]
        found = [files.read_json(path) if files.exists(path) else None for path in paths]
        return [self._after("export"), self._read("export", "measured.json"), *found], build

    def _after(self, name: str) -> str:
        found = recorded(self.folder(name))
        if found is None:
            command = "select" if name == "search" else name
            raise DataError(f"{self.folder(name)}: not there yet; run `winnow {command}` first, or `winnow run`")
        return found

    def _read(self, stage: str, name: str) -> Any:
        return files.read_json(files.join(self.folder(stage), name))

"""The main job as stages: which folder each makes, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from features.config import Config
from features.errors import DataError
from pipeline import files
from pipeline.stage import Stage, fingerprint, recorded

FOLDERS = {
    "preprocess": "transformed",
    "search": "search",
    "select": "selection",
    "retrain": "proof",
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

    def run(self, names: Sequence[str], force: bool = False) -> None:
        """Runs stages in order; once one has made something new, later ones see it in their fingerprints."""
        files.make_folder(self.config.work_dir)
        for name in names:
            self.stage(name).run(force)

    def _preprocess(self) -> tuple[list[Any], Callable[[str], None]]:
        from pipeline.preprocess import Job, preprocess

        job = Job.of(self.config)
        return job.fingerprint(), lambda folder: preprocess(job, folder, self.beam_args)

    def _search(self) -> tuple[list[Any], Callable[[str], None]]:
        config = self.config
        parts = [config.model.model_dump(), config.training.model_dump(), config.selection.model_dump(exclude={"budget"})]

        def build(folder: str) -> None:
            from pipeline.dataset import Transformed
            from pipeline.select import search

            search(config, Transformed(self.folder("preprocess")), folder)

        return [self._after("preprocess"), *parts], build

    def _select(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset import Transformed
            from pipeline.select import choose

            choose(self.config, Transformed(self.folder("preprocess")), self._read("search", "path.json"), folder)

        return [self._after("search"), self.config.selection.model_dump()], build

    def _retrain(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset import Transformed
            from pipeline.retrain import prove

            prove(self.config, Transformed(self.folder("preprocess")), self._read("select", "selection.json"), folder)

        return [self._after("select"), self.config.proof.model_dump()], build

    def _export(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.dataset import Transformed
            from pipeline.export import export

            data = Transformed(self.folder("preprocess"))
            path, selection = self._read("search", "path.json"), self._read("select", "selection.json")
            export(self.config, data, path, selection, self.folder("retrain"), folder)

        return [self._after("retrain"), self.config.name], build

    def _report(self) -> tuple[list[Any], Callable[[str], None]]:
        def build(folder: str) -> None:
            from pipeline.report import report

            report(self.config, self.config.work_dir, folder)

        return [self._after("export"), self._read("export", "measured.json")], build

    def _after(self, name: str) -> str:
        found = recorded(self.folder(name))
        if found is None:
            command = "select" if name == "search" else name
            raise DataError(f"{self.folder(name)}: not there yet; run `winnow {command}` first, or `winnow run`")
        return found

    def _read(self, stage: str, name: str) -> Any:
        return files.read_json(files.join(self.folder(stage), name))

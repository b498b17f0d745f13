"""The folders of preprocessing: its output, and the files that only an unfinished run or a later day needs."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.dataset.transformed import Transformed
from pipeline.preprocess.split import SPLITS
from pipeline.runtime import files


@dataclass(frozen=True)
class Folders:
    """The folders of one run.

    Attributes:
      output: the transformed folder.
      kept: where parsed shards stay for the days to come; None where they are of no further use.
    """

    output: Transformed
    kept: str | None

    @classmethod
    def of(cls, folder: str, work_dir: str, incremental: bool) -> Folders:
        """Those of an output folder, and of the work folder where days are added later."""
        return cls(Transformed(folder), files.join(work_dir, "spans") if incremental else None)

    @property
    def parsed(self) -> str:
        """Folder of the parsed shards."""
        return self.kept or files.join(self.output.folder, "parsed")

    @property
    def known(self) -> str:
        """Folder of the last run's vocabularies and statistics, for `data.stable_ids`."""
        return files.join(self.parsed, "known")

    @property
    def statistics(self) -> str:
        """Folder in which the workers leave the statistics of each feature and split, before they are joined."""
        return files.join(self.output.folder, "statistics")

    @property
    def written(self) -> str:
        """Folder in which the workers note each output file that they have written whole."""
        return files.join(self.output.folder, "written")

    def make(self) -> None:
        """Makes the folders that must be there before workers write into them."""
        for folder in (self.parsed, self.written, *(files.join(self.output.folder, split) for split in SPLITS)):
            files.make_folder(folder)

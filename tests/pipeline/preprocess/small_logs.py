"""Small logs in tsv, and preprocessing of them in whole or in part."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from features.config import Config
from pipeline.preprocess.count import count
from pipeline.preprocess.folders import Folders
from pipeline.preprocess.preprocess import preprocess
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.runtime import files

FEATURES = [{"match": "n", "kind": "numeric", "encoding": "value"}, {"match": ["c", "d"], "min_count": 2}]


def lines(rows, seed):
    """Rows of label, n, c, d and day; d has a value of its own in each of many rows."""
    rng = np.random.default_rng(seed)
    n, c, d = rng.normal(0, 3, rows), rng.integers(0, 40, rows), rng.integers(0, 4 * rows, rows)
    fields = enumerate(zip(n, c, d, strict=True))
    return [f"{i // 10 % 2}\t{x:.4f}\tc{a if a else ''}\td{b}\t{i % 10}".encode() for i, (x, a, b) in fields]


def config(train, work, **data):
    fields = {"format": "tsv", "train": train, "label": "label", "header": False, "columns": ["label", "n", "c", "d", "day"]}
    return Config.model_validate(
        {
            "name": "test",
            "work_dir": str(work),
            "data": {**fields, "quoted": False, "split": {"by": "row", "validation": 0.1, "test": 0.2}, **data},
            "features": FEATURES,
            "selection": {"budget": {"features": 1}},
        }
    )


def counted(settings, folder):
    """The first pass alone; statistics as written."""
    folders = Folders.of(str(folder), settings.work_dir, settings.data.incremental)
    folders.make()
    count(ResolvedConfig.of(settings), folders, ())
    return files.read_json(f"{folder}/statistics.json")


def preprocessed(settings, folder):
    """All of it; rows by split, and every other file's content."""
    files.make_folder(str(folder))
    preprocess(ResolvedConfig.of(settings), str(folder))
    return output(folder)


def output(folder):
    contents = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".parquet":
            contents[name] = pq.read_table(path)
        elif path.is_file() and "transform/" not in name and path.suffix in (".json", ".txt"):
            contents[name] = path.read_text()
    return contents


def write(path, rows):
    path.write_bytes(b"\n".join(rows) + b"\n")
    return str(path)


def day(folder, number):
    return write(folder / f"day-{number}", lines(1500, number))

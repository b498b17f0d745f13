"""A pruned config: what of the text is touched, what it resolves to, and what a run of it reads and gives."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.config import Config
from features.errors import ConfigError
from features.spec import FeatureSpec
from pipeline.tools.prune import prune
from tests.features.test_spec import document, feature

TEXT = """\
# What this is for.
work_dir: work/logs

data:  # where it lies
  format: parquet
  train: a.parquet
  label: click
features:
  # Ids: these are many.
  - match: [user, item_*, "odd name"]  # kept in part
    min_count: 3
  # Nobody needs these.
  - {match: x1..x3}
  # Numbers.
  - {match: n1..n3, kind: numeric, width: 4, buckets: 8}
  - match:
      - tags
      - words
    kind: multivalued
model:
  embedding_width: 8  # enough

# How to search.
selection:
  budget: {features: 3}
  # seldom
  seed: 7
proof: {seed_count: 2}
"""

EXPECTED = """\
# logs.yaml with the 6 of 11 features that its feature spec keeps; nothing is searched.
# What this is for.
work_dir: work/logs-pruned

data:  # where it lies
  format: parquet
  train: a.parquet
  label: click
features:
  # Ids: these are many.
  - match: user  # kept in part
    width: 2
    min_count: 3
  - match: [item_b, odd name]  # kept in part
    min_count: 3
  # Numbers.
  - {match: [n1, n3], kind: numeric, width: 2, buckets: 8}
  - match: words
    kind: multivalued
model:
  embedding_width: 8  # enough

proof: {seed_count: 2}
"""


def spec_of(**changes) -> FeatureSpec:
    """A spec of the config above."""
    numeric = {"kind": "numeric", "width": 4, "buckets": 8}
    kept = [
        feature("odd name", transform={"min_count": 3}),
        feature("user", transform={"min_count": 3}, width=2),
        feature("n3", kind="numeric", transform=numeric, width=2),
        feature("item_b", transform={"min_count": 3}),
        feature("n1", kind="numeric", transform=numeric, width=2),
        feature("words", kind="multivalued", transform={"kind": "multivalued"}),
    ]
    order = ("user", "item_b", "odd name", "n1", "n3", "words")
    inputs = [{"name": name, "argument": name, "dtype": "string", "length": None, "missing": ""} for name in order]
    dropped = [{"name": name, "inputs": [name], "reason": "x"} for name in ("item_a", "x1", "x2", "n2", "tags")]
    return FeatureSpec.model_validate(document(**{"kept": kept, "dropped": dropped, "inputs": inputs, **changes}))


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / "logs.yaml"
    path.write_text(TEXT)
    return path


def test_only_what_changes_is_touched(config, tmp_path):
    prune(config, spec_of(), tmp_path / "pruned.yaml")
    assert (tmp_path / "pruned.yaml").read_text() == EXPECTED
    assert not (tmp_path / "pruned.yaml.partial").exists()
    read = Config.load(tmp_path / "pruned.yaml")
    assert read.selection.budget.all
    widths = {feature.name: feature.width for feature in read.resolve(spec_of().names())}
    assert widths == {"user": 2, "item_b": None, "odd name": None, "n1": 2, "n3": 2, "words": None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "other"}, "data.label is 'click', but the spec's 'other'"),
        ({"kept": [feature("else")]}, "no rule of `features` matches 'else'"),
        ({"kept": [feature("user", transform={"min_count": 9})]}, r"features\[0\] treats 'user' otherwise"),
    ],
)
def test_a_spec_of_another_config_is_refused(config, tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        prune(config, spec_of(**changes), tmp_path / "pruned.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["logs.yaml"]


def test_flow_and_bare_block_lists(config, tmp_path):
    flow = TEXT[: TEXT.index("features:")] + "features: [{match: [user, x1]}, {match: x2}, {match: n1}]\n"
    config.write_text(flow)
    spec = spec_of(kept=[feature("user"), feature("n1", width=4)], dropped=spec_of().dropped)
    prune(config, spec, tmp_path / "pruned.yaml")
    assert "\nfeatures: [{match: user, width: 8}, {match: n1, width: 4}]\n" in (tmp_path / "pruned.yaml").read_text()
    config.write_text("{data: {format: parquet, train: a, label: click}, features: [{match: user}]}")
    with pytest.raises(ConfigError, match="one flow mapping"):
        prune(config, spec_of(kept=[feature("user")]), tmp_path / "other.yaml")


class Recorder:
    """A file that remembers which bytes were read."""

    def __init__(self, file, reads: list[tuple[int, int]]) -> None:
        self._file, self._reads = file, reads

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        content = self._file.read(size)
        self._reads.append((start, start + len(content)))
        return content

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._file.close()


def columns_touched(path: Path, reads: list[tuple[int, int]]) -> set[str]:
    """Names of the columns of whose chunks a byte was read, other than with the footer, at the file's end."""
    metadata = pq.read_metadata(path)
    reads = [read for read in reads if read[1] < path.stat().st_size]
    found = set()
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            stop = start + chunk.total_compressed_size
            if any(first < stop and last > start for first, last in reads):
                found.add(chunk.path_in_schema.split(".")[0])
    return found


def test_a_run_of_it_reads_the_kept_columns_alone_and_gives_the_same(small_job, winnow, tmp_path, monkeypatch):
    from pipeline.runtime import files

    config = small_job()
    assert winnow("run", config)[0] == 0
    spec = FeatureSpec.load(tmp_path / "work" / "model")
    assert set(spec.names()) == {"good", "fine"}
    code, said = winnow("prune", config, "--spec", tmp_path / "work" / "model")
    assert code == 0, said
    assert winnow("prune", config, "--spec", tmp_path / "work" / "model")[0] == 2  # it is not written over

    reads: list[tuple[int, int]] = []
    open_arrow, train = files.open_arrow, str(tmp_path / "train.parquet")

    def recorded(path):
        return pa.PythonFile(Recorder(files.open_file(path), reads), "r") if path == train else open_arrow(path)

    monkeypatch.setattr(files, "open_arrow", recorded)
    code, said = winnow("run", tmp_path / "small-pruned.yaml")
    assert code == 0, said
    assert columns_touched(tmp_path / "train.parquet", reads) == {"good", "fine", "click"}
    runs = (tmp_path / "work-pruned" / "proof" / "runs").iterdir()
    assert {run.name.partition("-")[0] for run in runs} == {"full"}  # which the pruned one equals
    [part] = (tmp_path / "work-pruned" / "transformed" / "train").glob("*.parquet")
    assert set(pq.read_schema(part).names) == {"good", "fine", "click"}

    again = FeatureSpec.load(tmp_path / "work-pruned" / "model")
    assert set(again.names()) == {"good", "fine"}
    assert again.widths() == spec.widths()
    assert again.proof.point("pruned").auc.by_seed == pytest.approx(spec.proof.point("pruned").auc.by_seed, abs=1e-6)
    code, said = winnow("diff", tmp_path / "work" / "model", tmp_path / "work-pruned" / "model")
    assert code == 0, said

import hashlib
import json
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from features.config import Config
from pipeline.plan import Plan
from pipeline.preprocess import output_file
from pipeline.preprocess import preprocess as module
from pipeline.preprocess.preprocess import preprocess
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.raw import delimited
from pipeline.runtime import files
from tests.pipeline import memory
from tests.pipeline.preprocess.small_logs import config, lines, output, preprocessed, write
from tests.processes import Process


def test_every_row_is_in_one_split_and_the_manifest_counts_and_sums_them(tmp_path):
    output_files = preprocessed(config(write(tmp_path / "a", lines(5000, 1)), tmp_path), tmp_path / "out")
    manifest = json.loads(output_files["manifest.json"])
    rows = {split: part["rows"] for split, part in manifest["splits"].items()}
    assert sum(rows.values()) == 5000
    assert 400 < rows["validation"] < 600
    assert 900 < rows["test"] < 1100
    for entry in (entry for part in manifest["splits"].values() for entry in part["files"]):
        assert hashlib.sha256((tmp_path / "out" / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert output_files[entry["file"]].num_rows == entry["rows"]
    assert not list((tmp_path / "out").rglob("*.partial"))
    assert not [name for name in ("parsed", "written", "statistics") if (tmp_path / "out" / name).exists()]
    assert output_files["train/part-00000.parquet"].column_names == ["n", "c", "d", "label"]


@pytest.fixture
def store():
    memory.FILES.clear()
    yield memory.FILES
    memory.FILES.clear()


def test_another_filesystem_holds_source_and_output(tmp_path, store):
    rows = lines(800, 1)
    store["memory://logs/a.tsv"] = (b"\n".join(rows[:500]) + b"\n", 1.0)
    store["memory://logs/b.tsv"] = (b"\n".join(rows[500:]), 1.0)
    preprocess(ResolvedConfig.of(config("memory://logs/*.tsv", "memory://w")), "memory://out/transformed")
    (tmp_path / "logs").mkdir()
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / "logs" / name).write_bytes(store[f"memory://logs/{name}"][0])
    local = preprocessed(config(f"{tmp_path}/logs/*.tsv", tmp_path), tmp_path / "out")
    for split in ("train", "validation", "test"):
        content = store[f"memory://out/transformed/{split}/part-00000.parquet"][0]
        assert pq.read_table(pa.BufferReader(content)) == local[f"{split}/part-00000.parquet"]
    assert store["memory://out/transformed/vocabulary/c.txt"][0].decode() == local["vocabulary/c.txt"]
    assert "memory://out/transformed/transform/transform_fn/saved_model.pb" in store
    assert not [path for path in store if "parsed" in path or path.endswith(".partial")]


def test_folders_of_an_object_store_move_with_their_marker_last(store, monkeypatch):
    for name in ("stage.json", "train/a", "vocabulary/c.txt"):
        files.write_bytes(f"memory://w/t.partial/{name}", name.encode())
    files.write_bytes("memory://w/t/old", b"")
    order = []
    original = memory.MemoryFileSystem.rename
    monkeypatch.setattr(memory.MemoryFileSystem, "rename", lambda self, a, b: order.extend(b) or original(self, a, b))
    files.rename("memory://w/t.partial", "memory://w/t")
    assert order[-1] == "memory://w/t/stage.json"
    assert sorted(store) == ["memory://w/t/stage.json", "memory://w/t/train/a", "memory://w/t/vocabulary/c.txt"]
    assert files.exists("memory://w/t")
    assert not files.exists("memory://w/t.partial")
    files.remove("memory://w/t")
    assert not store


def test_a_run_that_was_stopped_while_it_cleaned_up_only_cleans_up(tmp_path, monkeypatch):
    settings = config(write(tmp_path / "a", lines(1000, 1)), tmp_path / "work")
    whole = preprocessed(settings, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_clean", lambda folders: files.remove(folders.parsed))
        preprocessed(settings, tmp_path / "out")
    assert (tmp_path / "out" / "written").exists()
    assert preprocessed(settings, tmp_path / "out") == whole
    assert not (tmp_path / "out" / "written").exists()


def in_small_pieces(path):
    """Preprocesses in many shards and row groups."""
    delimited.PIECE_BYTES, delimited.SHARD_BYTES, output_file.ROW_GROUP_ROWS = 20000, 20000, 1000
    Plan(Config.load(path)).run(["preprocess"])


def test_killed_at_any_time_and_run_again_the_output_is_that_of_an_uninterrupted_run(tmp_path):
    settings = config(write(tmp_path / "a", lines(10_000, 1)), tmp_path / "whole").model_dump(mode="json", exclude_unset=True)

    def start(work):
        path = tmp_path / f"{work}.yaml"
        path.write_text(yaml.safe_dump({**settings, "work_dir": str(tmp_path / work)}))
        return Process(in_small_pieces, path)

    assert start("whole").end() == 0
    for mark in ("parsed/*.json", "vocabulary/*", "train/part-*"):
        killed = start("killed")
        while killed.running and not list((tmp_path / "killed" / "transformed.partial").glob(mark)):
            time.sleep(0.005)
        killed.send(signal.SIGKILL)
        assert killed.end() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "transformed" / "stage.json").exists()
    assert start("killed").end() == 0
    whole, again = (output(tmp_path / work / "transformed") for work in ("whole", "killed"))
    for output_files in (whole, again):
        output_files.pop("stage.json")
    assert again == whole


def test_the_manifest_says_what_became_of_the_rows_of_each_raw_file(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 5000)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 10000)
    (tmp_path / "logs").mkdir()
    rows = lines(3000, 1)
    stray = [b'1\t2\t"c1\td1\t0', b"1\t2\tc1", b"1\t2\tc\r1\td1\t0"]
    write(tmp_path / "logs" / "a.tsv", [*rows[:1000], stray[0], *rows[1000:2000], b"", *stray[1:]])
    write(tmp_path / "logs" / "b.tsv", rows[2000:])
    test = write(tmp_path / "test.tsv", rows[:100])
    settings = config(f"{tmp_path}/logs/*.tsv", tmp_path, test=test, quoted=True, max_bad_ratio=0.01)
    manifest = json.loads(preprocessed(settings, tmp_path / "out")["manifest.json"])
    assert manifest["raw_files"] == [
        {"file": f"{tmp_path}/logs/a.tsv", "split": "train", "rows": 2003, "read": 2000, "rejected": 3},
        {"file": f"{tmp_path}/logs/b.tsv", "split": "train", "rows": 1000, "read": 1000, "rejected": 0},
        {"file": test, "split": "test", "rows": 100, "read": 100, "rejected": 0},
    ]
    assert manifest["rejected"]["rows"] == 3103
    assert sum(split["rows"] for split in manifest["splits"].values()) == 3100

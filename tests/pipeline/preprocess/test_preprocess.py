import hashlib
import json
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from features.config import Config
from features.errors import DataError
from pipeline.dataset.transformed import Transformed
from pipeline.plan import Plan
from pipeline.preprocess import preprocess as module
from pipeline.preprocess import transform
from pipeline.preprocess.count import count
from pipeline.preprocess.preprocess import preprocess
from pipeline.preprocess.resolved_config import Job
from pipeline.raw import delimited, shards
from pipeline.runtime import files
from tests.pipeline import memory
from tests.processes import Process

FEATURES = [{"match": "n", "kind": "numeric", "encoding": "value"}, {"match": ["c", "d"], "min_count": 2}]


def lines(rows, seed):
    """Rows of label, n, c, d and day; d has a value of its own in each of many rows."""
    rng = np.random.default_rng(seed)
    n, c, d = rng.normal(0, 3, rows), rng.integers(0, 40, rows), rng.integers(0, 4 * rows, rows)
    return [
        f"{i % 2}\t{x:.4f}\tc{a if a else ''}\td{b}\t{i % 10}".encode() for i, (x, a, b) in enumerate(zip(n, c, d, strict=True))
    ]


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
    spans = f"{settings.work_dir}/spans" if settings.data.incremental else f"{folder}/parsed"
    files.make_folder(str(folder))
    files.make_folder(spans)
    count(Job.of(settings), Transformed(str(folder)), spans, ())
    return files.read_json(f"{folder}/statistics.json")


def made(settings, folder):
    """All of it; rows by split, and every other file's content."""
    files.make_folder(str(folder))
    preprocess(Job.of(settings), str(folder))
    return output(folder)


def output(folder):
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".parquet":
            found[name] = pq.read_table(path)
        elif path.is_file() and "transform/" not in name and path.suffix in (".json", ".txt"):
            found[name] = path.read_text()
    return found


def write(path, rows):
    path.write_bytes(b"\n".join(rows) + b"\n")
    return str(path)


def test_every_row_is_in_one_split_and_the_manifest_counts_and_sums_them(tmp_path):
    found = made(config(write(tmp_path / "a", lines(5000, 1)), tmp_path), tmp_path / "out")
    manifest = json.loads(found["manifest.json"])
    rows = {split: part["rows"] for split, part in manifest["splits"].items()}
    assert sum(rows.values()) == 5000
    assert 400 < rows["validation"] < 600
    assert 900 < rows["test"] < 1100
    for entry in (entry for part in manifest["splits"].values() for entry in part["files"]):
        assert hashlib.sha256((tmp_path / "out" / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert found[entry["file"]].num_rows == entry["rows"]
    assert not list((tmp_path / "out").rglob("*.partial")) + list((tmp_path / "out").rglob("parsed"))
    assert found["train/part-00000.parquet"].column_names == ["n", "c", "d", "label"]


def test_statistics_are_kept_for_every_split(tmp_path):
    found = counted(config(write(tmp_path / "a", lines(3000, 1)), tmp_path), tmp_path / "out")
    train = {own["name"]: own for own in found["features"]}
    test = {own["name"]: own for own in found["splits"]["test"]}
    assert train["c"]["count"] + test["c"]["count"] + found["splits"]["validation"][1]["count"] == 3000
    assert abs(train["n"]["mean"] - test["n"]["mean"]) < 0.5
    assert test["c"]["distinct"] == 40
    assert len(test["c"]["top"]) == 10
    assert found["rejected"] == {}


@pytest.mark.parametrize(
    ("split", "of"),
    [
        (
            {"by": "column", "column": "day", "validation_values": ["8"], "test_values": ["9"]},
            lambda day: {8: 1, 9: 2}.get(day, 0),
        ),
        ({"by": "time", "column": "day", "validation_from": 7, "test_from": 9}, lambda day: int(day >= 7) + int(day >= 9)),
        ({"by": "time", "column": "day", "test_from": "8"}, lambda day: 2 * int(day >= 8)),
    ],
)
def test_splits_by_column_and_time(tmp_path, split, of):
    found = made(config(write(tmp_path / "a", lines(1000, 1)), tmp_path, split=split), tmp_path / "out")
    expected = np.bincount([of(row % 10) for row in range(1000)], minlength=3)
    rows = [part["rows"] for part in json.loads(found["manifest.json"])["splits"].values()]
    assert rows == expected.tolist()


def test_a_split_by_hash_keeps_the_rows_of_a_key_together_and_files_of_its_own_go_whole(tmp_path):
    from pipeline.preprocess.split import split_of
    from pipeline.raw.read import read

    settings = config(write(tmp_path / "a", lines(2000, 1)), tmp_path, split={"by": "hash", "column": "day", "validation": 0.4})
    job = Job.of(settings)
    piece = shards.plan_shards(settings.data, job.listed)[0].pieces[0]
    rows = next(read(settings.data, job.raw, piece))
    places = split_of(settings.data, rows, "train")
    by_day = {day: set(places[np.arange(2000) % 10 == day].tolist()) for day in range(10)}
    assert all(len(found) == 1 for found in by_day.values())
    assert {place for found in by_day.values() for place in found} == {0, 1}
    own = settings.data.model_copy(update={"validation": ["other"]})
    assert set(split_of(own, rows, "train").tolist()) == {0}
    assert set(split_of(own, rows, "validation").tolist()) == {1}


def test_rejected_rows_are_kept_and_counted(tmp_path):
    bad = [b"1\tx\tc1\td1\t0", b"1\t2\tc1", b"3\t1\tc1\td1\t0"]
    rows = lines(4000, 1)
    found = made(config(write(tmp_path / "a", [*rows[:10], *bad, *rows[10:]]), tmp_path), tmp_path / "out")
    reasons = {"3 fields, not 5": 1, "column 'n': not a number": 1, "column 'label': the label is not 0 or 1": 1}
    assert json.loads(found["statistics.json"])["rejected"] == reasons
    kept = found["rejected/part-00000.parquet"].to_pylist()
    assert {row["row"] for row in kept} == set(bad)
    text = (tmp_path / "a").read_bytes()
    assert all(text[row["offset"] :].startswith(row["row"]) and row["file"] == str(tmp_path / "a") for row in kept)
    manifest = json.loads(found["manifest.json"])
    assert manifest["rejected"]["rows"] == 4003
    assert sum(part["rows"] for part in manifest["splits"].values()) == 4000


def test_too_many_rejects_fail_the_job_and_say_how_many_why_and_where(tmp_path):
    bad = [b"1\tx\tc1\td1\t0"] * 7 + [b"1\t2\tc1"] * 2
    settings = config(write(tmp_path / "a", [*lines(2000, 1), *bad]), tmp_path)
    with pytest.raises(DataError) as error:
        counted(settings, tmp_path / "out")
    text = str(error.value)
    assert "9 of 2,009 rows are malformed, more than data.max_bad_ratio (0.001) allows" in text
    assert "7 rows: column 'n': not a number (such as at " in text
    assert "2 rows: 3 fields, not 5" in text
    assert pq.read_table(tmp_path / "out" / "rejected" / "part-00000.parquet").num_rows == 9


def test_a_file_that_is_mostly_refused_ends_the_job_at_once(tmp_path):
    settings = config(write(tmp_path / "a", [line.replace(b"\t", b"\tx", 1) for line in lines(3000, 1)]), tmp_path)
    with pytest.raises(DataError, match=r"3,000 of 3,000 rows are malformed(.|\n)*column 'n': not a number"):
        counted(settings, tmp_path / "out")


def test_newlines_in_quoted_fields_are_counted_as_values_that_no_vocabulary_holds(tmp_path):
    lines = [f'{row % 2}\t{row}\t"a{row % 3}\nb"\t{row % 4}\t1' for row in range(120)]
    path = write(tmp_path / "a.tsv", [line.encode() for line in lines])
    found = counted(config(path, tmp_path / "work", quoted="multiline", split={"validation": 0}), tmp_path / "out")
    own = next(feature for feature in found["features"] if feature["name"] == "c")
    assert (own["count"], own["missing"], own["distinct"], own["vocabulary_size"]) == (120, 0, 3, 0)
    assert own["top"] == [["a0\nb", 40], ["a1\nb", 40], ["a2\nb", 40]]
    assert found["rejected"] == {}


@pytest.mark.parametrize("content", [None, b"cut"])
def test_parsed_rows_that_vanish_or_break_between_the_passes_are_named(tmp_path, monkeypatch, content):
    plan = module.plan_parts

    def lose(parsed, folder):
        copy = Path(f"{parsed[0].base}.train.arrow")
        copy.write_bytes(content) if content else copy.unlink()
        return plan(parsed, folder)

    monkeypatch.setattr(module, "plan_parts", lose)
    settings = config(write(tmp_path / "a.tsv", lines(200, 1)), tmp_path / "work")
    with pytest.raises(DataError, match=r"\.train\.arrow: the parsed rows cannot be read: .*run `winnow preprocess --force`"):
        made(settings, tmp_path / "out")


def test_a_label_of_one_value_is_an_error(tmp_path):
    settings = config(write(tmp_path / "a", [b"1" + line[1:] for line in lines(500, 1)]), tmp_path)
    with pytest.raises(DataError, match=r"data\.label: column 'label' is 1\.0 in every train row; nothing to learn"):
        counted(settings, tmp_path / "out")


def test_the_cut_into_pieces_shards_and_buckets_changes_no_figure(tmp_path, monkeypatch):
    settings = config(write(tmp_path / "a", lines(3000, 1)), tmp_path, split={"by": "hash", "column": "d", "validation": 0.1})
    settings = settings.model_copy(
        update={"features": [settings.features[0], settings.features[1].model_copy(update={"match": ["c"]})]}
    )
    whole = counted(settings, tmp_path / "one")
    monkeypatch.setattr(delimited, "PIECE_BYTES", 5000)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 15000)
    monkeypatch.setattr("pipeline.preprocess.resolved_config.BUCKET_BYTES", 20000)
    cut = counted(settings, tmp_path / "many")
    for before, after in zip(whole["features"], cut["features"], strict=True):
        moments = [[own.pop(figure) or 0.0 for figure in ("mean", "std")] for own in (before, after)]
        assert moments[0] == pytest.approx(moments[1], rel=1e-12)
        assert {**after, "partition": 0} == {**before, "partition": 0}  # rows are numbered by piece
    assert (tmp_path / "one/vocabulary/c.txt").read_text() == (tmp_path / "many/vocabulary/c.txt").read_text()


def test_row_groups_are_full_wherever_a_split_has_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE_BYTES", 8000)
    monkeypatch.setattr(delimited, "SHARD_BYTES", 16000)
    monkeypatch.setattr(transform, "ROW_GROUP_ROWS", 1000)
    made(config(write(tmp_path / "a", lines(9000, 1)), tmp_path), tmp_path / "out")
    for split in ("train", "validation", "test"):
        groups = []
        for path in sorted((tmp_path / "out" / split).glob("*.parquet")):
            metadata = pq.read_metadata(path)
            groups += [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
        total = sum(groups)
        assert max(groups) <= 1000
        assert min(groups) >= min(total, 500), groups


def day(folder, number):
    return write(folder / f"day-{number}", lines(1500, number))


def test_a_day_added_later_reads_only_that_day_and_equals_one_run_over_all(tmp_path, monkeypatch):
    (tmp_path / "logs").mkdir()
    settings = config(f"{tmp_path}/logs/day-*", tmp_path / "w", incremental=True)
    day(tmp_path / "logs", 1)
    made(settings, tmp_path / "first")
    day(tmp_path / "logs", 2)
    seen = []
    from pipeline.preprocess import parse

    original = parse.read
    monkeypatch.setattr(parse, "read", lambda data, inputs, piece: seen.append(piece.path) or original(data, inputs, piece))
    later = made(settings, tmp_path / "second")
    assert [Path(path).name for path in seen] == ["day-2"]
    at_once = made(config(f"{tmp_path}/logs/day-*", tmp_path / "w2"), tmp_path / "third")
    assert later.keys() == at_once.keys()
    assert later == at_once
    kept = {path.name.split(".")[0] for path in (tmp_path / "w" / "spans").glob("*.json")}
    assert len(kept) == 2


def test_stable_ids_stay_when_a_day_is_added(tmp_path):
    (tmp_path / "logs").mkdir()
    settings = config(f"{tmp_path}/logs/day-*", tmp_path / "w", incremental=True, stable_ids=True)
    day(tmp_path / "logs", 1)
    before = made(settings, tmp_path / "first")["vocabulary/c.txt"].split()
    rows = lines(1500, 2)
    write(tmp_path / "logs" / "day-2", [line.replace(b"\tc7\t", b"\tnew\t") for line in rows] + [b"1\t0\tc39\td1\t0"] * 500)
    after = made(settings, tmp_path / "second")["vocabulary/c.txt"].split()
    assert after[: len(before)] == before
    assert after[len(before) :] == ["new"]
    free = made(config(f"{tmp_path}/logs/day-*", tmp_path / "w2"), tmp_path / "third")["vocabulary/c.txt"].split()
    assert free[0] == "c39"
    assert sorted(free) == sorted(after)


@pytest.fixture
def store():
    memory.FILES.clear()
    yield memory.FILES
    memory.FILES.clear()


def test_another_filesystem_holds_source_and_output(tmp_path, store):
    rows = lines(800, 1)
    store["memory://logs/a.tsv"] = (b"\n".join(rows[:500]) + b"\n", 1.0)
    store["memory://logs/b.tsv"] = (b"\n".join(rows[500:]), 1.0)
    preprocess(Job.of(config("memory://logs/*.tsv", "memory://w")), "memory://out/transformed")
    (tmp_path / "logs").mkdir()
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / "logs" / name).write_bytes(store[f"memory://logs/{name}"][0])
    local = made(config(f"{tmp_path}/logs/*.tsv", tmp_path), tmp_path / "out")
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


def in_small_pieces(path):
    """Preprocesses in many shards and row groups."""
    delimited.PIECE_BYTES, delimited.SHARD_BYTES, transform.ROW_GROUP_ROWS = 20000, 20000, 1000
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
    for found in (whole, again):
        found.pop("stage.json")
    assert again == whole


def test_a_file_of_a_header_alone_adds_no_rows_and_no_rows_at_all_are_an_error(tmp_path):
    header = b"label\tn\tc\td\tday"
    write(tmp_path / "a", [header, *lines(500, 1)])
    write(tmp_path / "b", [header])
    fields = {"header": True, "columns": []}
    found = counted(config(f"{tmp_path}/[ab]", tmp_path, **fields), tmp_path / "out")
    assert found["features"][0]["count"] + sum(own[0]["count"] for own in found["splits"].values()) == 500
    with pytest.raises(DataError, match=r"the train split has no rows; look at data\.train and data\.split"):
        counted(config(f"{tmp_path}/b", tmp_path, **fields), tmp_path / "none")

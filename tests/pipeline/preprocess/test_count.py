"""The first pass as a whole: statistics by split, rejected rows, and data that cannot be used."""

import json

import pyarrow.parquet as pq
import pytest

from features.errors import DataError
from tests.pipeline.preprocess.small_logs import config, counted, lines, preprocessed, write


def test_statistics_are_kept_for_every_split(tmp_path):
    document = counted(config(write(tmp_path / "a", lines(3000, 1)), tmp_path), tmp_path / "out")
    train = {figures["name"]: figures for figures in document["features"]}
    test = {figures["name"]: figures for figures in document["splits"]["test"]}
    assert train["c"]["count"] + test["c"]["count"] + document["splits"]["validation"][1]["count"] == 3000
    assert abs(train["n"]["mean"] - test["n"]["mean"]) < 0.5
    assert test["c"]["distinct"] == 40
    assert len(test["c"]["top"]) == 10
    assert document["rejected"] == {}


def test_rejected_rows_are_kept_and_counted(tmp_path):
    bad = [b"1\tx\tc1\td1\t0", b"1\t2\tc1", b"3\t1\tc1\td1\t0"]
    rows = lines(4000, 1)
    document = preprocessed(config(write(tmp_path / "a", [*rows[:10], *bad, *rows[10:]]), tmp_path), tmp_path / "out")
    wrong_label = "column 'label': the label is not 0 or 1 (see data.positive)"
    reasons = {"3 fields, not 5": 1, "column 'n': not a number": 1, wrong_label: 1}
    assert json.loads(document["statistics.json"])["rejected"] == reasons
    kept = document["rejected/part-00000.parquet"].to_pylist()
    assert {row["row"] for row in kept} == set(bad)
    text = (tmp_path / "a").read_bytes()
    assert all(text[row["offset"] :].startswith(row["row"]) and row["file"] == str(tmp_path / "a") for row in kept)
    manifest = json.loads(document["manifest.json"])
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
    document = counted(config(path, tmp_path / "work", quoted="multiline", split={"validation": 0}), tmp_path / "out")
    figures = next(feature for feature in document["features"] if feature["name"] == "c")
    assert (figures["count"], figures["missing"], figures["distinct"], figures["vocabulary_size"]) == (120, 0, 3, 0)
    assert figures["top"] == [["a0\nb", 40], ["a1\nb", 40], ["a2\nb", 40]]
    assert document["rejected"] == {}


def test_a_label_of_one_value_is_an_error(tmp_path):
    settings = config(write(tmp_path / "a", [b"1" + line[1:] for line in lines(500, 1)]), tmp_path)
    with pytest.raises(DataError, match=r"data\.label: column 'label' is 1 in all \d+ rows of the train split; nothing"):
        counted(settings, tmp_path / "out")


def test_a_file_of_a_header_alone_adds_no_rows_and_no_rows_at_all_are_an_error(tmp_path):
    header = b"label\tn\tc\td\tday"
    write(tmp_path / "a", [header, *lines(500, 1)])
    write(tmp_path / "b", [header])
    fields = {"header": True, "columns": []}
    document = counted(config(f"{tmp_path}/[ab]", tmp_path, **fields), tmp_path / "out")
    assert document["features"][0]["count"] + sum(figures[0]["count"] for figures in document["splits"].values()) == 500
    with pytest.raises(DataError, match=r"the train split has no rows; look at data\.train and data\.split"):
        counted(config(f"{tmp_path}/b", tmp_path, **fields), tmp_path / "none")


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def test_rows_and_positives_of_each_split_are_said_after_counting(tmp_path, capsys):
    split = {"by": "time", "column": "day", "validation_from": 7, "test_from": 9}
    counted(config(write(tmp_path / "a", lines(1000, 1)), tmp_path, split=split), tmp_path / "out")
    text = said(capsys)
    assert (
        "preprocess: train 700 rows, 350 positive (50.00%); validation 200 rows, 100 positive (50.00%); "
        "test 100 rows, 50 positive (50.00%)"
    ) in text
    assert "warning: 50 positives in the 100 rows of the test split: any AUC over it is uncertain by 0.03" in text
    assert "are in train too" not in text


def test_labels_that_come_late_end_the_run_at_once(tmp_path):
    rows = [f"{int(number >= 900)}\t1\tc{number % 7}\td\t{number // 100}".encode() for number in range(1000)]
    split = {"by": "time", "column": "day", "validation_from": 8, "test_from": 9}
    with pytest.raises(DataError, match=r"data\.label: column 'label' is 0 in all 800 rows of the train split; nothing to"):
        counted(config(write(tmp_path / "a", rows), tmp_path, split=split), tmp_path / "out")


def test_a_copy_of_the_train_file_for_testing_is_warned_of(tmp_path, capsys):
    train, copy = write(tmp_path / "a", lines(2000, 1)), write(tmp_path / "b", lines(2000, 1)[:500])
    counted(config(train, tmp_path, test=copy, split={"validation": 0}), tmp_path / "out")
    assert "warning: 100.0% of the test rows are in train too, value for value (0.0% of the train rows occur" in said(capsys)


def test_rows_that_logs_repeat_by_chance_are_said_but_not_warned_of(tmp_path, capsys):
    rows = [f"{number // 5 % 2}\t{number % 3}\tc{number % 7}\td1\t1".encode() for number in range(5000)]
    counted(config(write(tmp_path / "a", rows), tmp_path), tmp_path / "out")
    text = said(capsys)
    assert "preprocess: 100.0% of the test rows are in train too, value for value (100.0% of the train rows" in text
    assert "warning:" not in text


def test_rows_without_a_label_are_left_out_and_accounted_for(tmp_path, capsys):
    rows = [line[:1].replace(b"1", b"yes").replace(b"0", b"no") + line[1:] for line in lines(1000, 1)]
    rows[::10] = [line[line.index(b"\t") :] for line in rows[::10]]
    settings = config(write(tmp_path / "a", rows), tmp_path, positive=["yes"], unlabelled="skip", split={"validation": 0})
    document = preprocessed(settings, tmp_path / "out")
    assert "preprocess: train 900 rows, 450 positive (50.00%)" in (text := said(capsys))
    assert "preprocess: 100 rows without a label are left out (data.unlabelled)" in text
    manifest = json.loads(document["manifest.json"])
    (raw_file,) = manifest["raw_files"]
    assert {name: raw_file.get(name) for name in ("rows", "read", "rejected", "unlabelled")} == {
        "rows": 1000,
        "read": 900,
        "rejected": 0,
        "unlabelled": 100,
    }
    assert manifest["positives"]["train"] == 450
    assert set(document["train/part-00000.parquet"]["label"].to_pylist()) == {0.0, 1.0}


def test_labels_of_minus_1_and_1_are_told_what_to_do(tmp_path):
    rows = [b"-1" + line[1:] if line.startswith(b"0") else line for line in lines(1000, 1)]
    path = write(tmp_path / "a", rows)
    with pytest.raises(
        DataError, match=r"500 rows: column 'label': the label is empty or -1 \(see data\.unlabelled and data\.positive\)"
    ):
        counted(config(path, tmp_path / "w"), tmp_path / "refused")
    document = counted(config(path, tmp_path / "w", positive=[1], split={"validation": 0}), tmp_path / "out")
    assert document["features"][1]["count"] + document["features"][1]["missing"] == 1000

import gzip
import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.io.filesystems import FileSystems

from features.config import Config
from features.errors import DataError
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.tools import demo, demo_recipe
from pipeline.tools import init as module
from pipeline.tools.init import _glob
from pipeline.tools.sample import read

KUAIRAND = Path(os.environ.get("WINNOW_DATA") or "../shared/data") / "kuairand_pure"
ROWS = 2000


def draft(paths, label=None):
    return module.draft(paths, label).text


def load(text, folder):
    """The drafted config and its features by name."""
    path = folder / "drafted.yaml"
    path.write_text(text)
    config = Config.load(path)
    first = FileSystems.match(config.data.train)[0].metadata_list[0].path
    features = config.resolve(read(first, 100).table.column_names)
    return config, {feature.name: feature for feature in features}


def table():
    rng = np.random.default_rng(1)
    words = np.array(["drama", "war", "crime", "noir", "western", "comedy"])
    genres = ["|".join(words[rng.choice(6, rng.integers(1, 4), replace=False)]) for _ in range(ROWS)]
    return {
        "row_id": np.arange(ROWS),
        "clicked": rng.integers(0, 2, ROWS),
        "is_like": rng.integers(0, 2, ROWS),
        "male": rng.integers(0, 2, ROWS),
        "user_id": rng.integers(10_000, 10_400, ROWS),
        "age": rng.integers(1, 90, ROWS),
        "price": rng.lognormal(2, 1, ROWS).round(2),
        "visits": np.floor(rng.lognormal(3, 1.5, ROWS)).astype(int),
        "weekday": rng.integers(1, 8, ROWS),
        "zip": [f"{value:05d}" for value in rng.integers(0, 99, ROWS)],
        "genres": genres,
        "event_time": 1_650_000_000 + rng.integers(0, 10**6, ROWS),
        "day": [str(date(2024, 1, 1) + timedelta(days=int(n))) for n in rng.integers(0, 9, ROWS)],
        "always": ["x"] * ROWS,
        "empty": [""] * ROWS,
        "comment": [f"text number {place}" for place in range(ROWS)],
    }


def text(columns, mark=",", header=True):
    rows = zip(*columns.values(), strict=True)
    lines = [mark.join(columns)] * header + [mark.join(map(str, row)) for row in rows]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("name", "mark", "form"), [("a.csv", ",", "csv"), ("a.tsv", "\t", "tsv"), ("a.txt", ";", "csv")])
def test_kinds_from_delimited_text(tmp_path, name, mark, form):
    (tmp_path / name).write_text(text(table(), mark))
    drafted = draft([str(tmp_path / name)])
    config, features = load(drafted, tmp_path)
    assert (config.data.format, config.data.separator, config.data.header) == (form, mark, True)
    assert config.data.label == "clicked"
    assert (config.data.split.validation, config.data.split.test) == (0.1, 0.1)
    assert {name: feature.kind for name, feature in features.items()} == {
        "male": "categorical",
        "user_id": "categorical",
        "age": "numeric",
        "price": "numeric",
        "visits": "numeric",
        "weekday": "categorical",
        "zip": "categorical",
        "genres": "multivalued",
    }
    assert features["genres"].separator == "|"
    assert config.selection.budget.features == 3
    assert "#   nearly one value a row: an id of the row, or free text: row_id, comment" in drafted
    assert "#   constant: one value in every row: always, empty" in drafted
    assert "known only after the label's moment: is_like" in drafted
    assert "better to split by: event_time, day" in drafted
    assert "split: {by: time, column: event_time" in drafted


def test_gzip_reads_as_its_text(tmp_path):
    plain, packed = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    plain.write_text(text(table()))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = draft([str(plain)]), draft([str(packed)])
    assert one.replace("a.csv", "b.csv.gz") == other


def test_parquet_lists_vectors_and_gaps(tmp_path):
    columns = table()
    rng = np.random.default_rng(2)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=ROWS * 4).astype(np.float32)), 4)
    gaps = pa.array(np.where(rng.random(ROWS) < 0.1, np.nan, columns["weekday"]))
    columns |= {
        "vector": vectors,
        "listed": pa.array(rng.normal(size=(ROWS, 3)).tolist()),
        "ragged": pa.array([[0.5] * (1 + place % 3) for place in range(ROWS)]),
        "tags": pa.array([[1, 2], [3], []] * (ROWS // 3) + [[1]] * (ROWS % 3)),
        "gaps": gaps,
        "struct": pa.array([{"a": place} for place in range(ROWS)]),
        "odds": pa.array([0.5, float("inf"), None, 2.0] * (ROWS // 4)),
        "when": pa.array([date(2024, 1, 1 + place % 9) for place in range(ROWS)]),
        "colour": pa.array(["red", "blue"] * (ROWS // 2)).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    drafted = draft([str(tmp_path)])
    config, features = load(drafted, tmp_path)
    assert config.data.format == "parquet"
    assert (features["vector"].kind, features["vector"].max_length) == ("dense", 4)
    assert (features["listed"].kind, features["listed"].max_length) == ("dense", 3)
    assert features["tags"].kind == "multivalued"
    assert features["gaps"].kind == features["colour"].kind == "categorical"
    assert features["odds"].kind == "numeric"
    assert not {"ragged", "struct", "when"} & set(features)


def test_criteo_without_header(tmp_path):
    demo.generate(tmp_path, 3000, seed=1)
    config, features = load(draft([str(tmp_path)]), tmp_path)
    assert config.data.columns == demo_recipe.COLUMNS
    assert not config.data.header
    assert config.data.test == [str(tmp_path / "test.tsv")]
    assert (config.data.label, config.data.split.test) == ("label", 0.0)
    assert [name for name, feature in features.items() if feature.kind == "numeric"] == demo_recipe.NUMERICS


def test_test_file_without_label_is_left_out(tmp_path):
    columns = table()
    (tmp_path / "train.csv").write_text(text(columns))
    del columns["clicked"]
    (tmp_path / "test.csv").write_text(text(columns))
    drafted = draft([str(tmp_path)])
    config, _ = load(drafted, tmp_path)
    assert (config.data.test, config.data.split.test) == ([], 0.1)
    assert f"not those of the train files: {tmp_path / 'test.csv'}" in drafted


def test_many_files_become_a_glob(tmp_path):
    content = text(table())
    for place in range(12):
        folder = tmp_path / f"day={place:02d}"
        folder.mkdir()
        (folder / "part.csv").write_text(content)
    (tmp_path / "test.csv").write_text(content)
    config, _ = load(draft([str(tmp_path)]), tmp_path)
    assert config.data.test == [str(tmp_path / "test.csv")]
    assert config.data.train == [f"{tmp_path}/day=*/part.csv"]


def test_globs_match_their_files_and_no_others():
    files = [f"d/a{'1' * place}" for place in range(1, 12)]
    assert _glob(files, ["d/b1"]) == ["d/a1*"]
    assert _glob(files, ["d/a12"]) == files
    assert _glob(files[:8], []) == files[:8]
    assert _glob([f"d/{place:02d}/x{place}.csv" for place in range(12)], []) == ["d/**.csv"]


def test_words_for_missing_are_found(tmp_path):
    lines = ["label,height,town"] + [f"{n % 2},{'NA' if n % 7 == 0 else n % 60 + 0.5},t{n % 5}" for n in range(400)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    config, features = load(draft([str(tmp_path / "a.csv")]), tmp_path)
    assert config.data.missing == ["NA"]
    assert features["height"].kind == "numeric"


def test_awkward_names_and_long_codes_survive(tmp_path):
    lines = ["label,yes,a: b,c[1],m*,big"]
    lines += [f"{n % 2},{n % 3},{n % 4},{n % 5},{n % 6},{18_446_744_073_709_551_000 + n % 9}" for n in range(300)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    _, features = load(draft([str(tmp_path / "a.csv")]), tmp_path)
    assert {name: feature.kind for name, feature in features.items()} == dict.fromkeys(
        ["yes", "a: b", "c[1]", "m*", "big"], "categorical"
    )


def test_label_may_be_given(tmp_path):
    (tmp_path / "a.csv").write_text(text(table()))
    drafted = draft([str(tmp_path / "a.csv")], label="is_like")
    config, features = load(drafted, tmp_path)
    assert config.data.label == "is_like"
    assert "clicked" not in features


@pytest.mark.parametrize(
    ("content", "label", "message"),
    [
        ("", None, "empty"),
        ("label,a\n", None, "no rows below its header"),
        ("a,b\n1,2\n3,4\n", None, "no column has the values 0 and 1"),
        ("x,z\n0,1\n1,0\n1,1\n", None, r"several columns may be the label \(x, z\); name it with --label"),
        ("label,a\n0,1\n1,2\n", "b", "--label b: no such column; there are label, a"),
        ("label,a\n0,x\n1,x\n", "a", "--label a: values must be 0 and 1, or a few of which some mean 1; found x"),
        ("label,a,a\n0,1,2\n1,2,3\n", None, "names column 'a' twice"),
        ("label,a\n0,7\n1,7\n", None, "no column besides the label"),
        ("one\ntwo\nthree\n", None, "not divided alike"),
        (b"label,a\r0,x\r1,b\r", None, "its lines end in carriage returns alone; write newlines"),
        (b"PK\x03\x04 and no more", None, "is an archive, or compressed though"),
        (b"PAR1 and no more", None, "cannot be read"),
    ],
)
def test_unusable_data_are_named(tmp_path, content, label, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        draft([str(path)], label)
    assert str(path) in str(caught.value)


def test_no_file_and_folder_without_data(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="no such file, or a folder without"):
            draft([str(path)])


def test_kuairand(tmp_path):
    if not (KUAIRAND / "train.parquet").exists():
        pytest.skip(f"{KUAIRAND}/train.parquet is not here; set WINNOW_DATA to the folder of kuairand_pure")
    drafted = draft([str(KUAIRAND / "train.parquet"), str(KUAIRAND / "test.parquet")])
    config, features = load(drafted, tmp_path)
    assert config.data.label == "is_click"
    assert config.data.test == [str(KUAIRAND / "test.parquet")]
    numeric = {name for name, feature in features.items() if feature.kind == "numeric"}
    assert numeric == {"follow_user_num", "fans_user_num", "friend_user_num", "register_days", "video_duration"}
    left_out = {"date", "time_ms", "upload_dt", "long_view", "is_lowactive_period", "visible_status"}
    assert not left_out & set(features)
    assert len(features) == 42
    assert features["tag"].kind == "multivalued"
    assert "onehot_feat0..onehot_feat17" in drafted
    assert len(drafted.splitlines()) < 40


def test_later_files_are_looked_at_too(tmp_path):
    """A column that is constant in the first file, and one whose numbers are texts in the last."""
    for day in range(6):
        lines = ["label,day_of_week,code"] + [f"{n % 2},{day},{'x' if day == 5 else n % 9}" for n in range(100)]
        (tmp_path / f"part-{day}.csv").write_text("\n".join(lines) + "\n")
    made = module.draft([str(tmp_path)])
    assert made.features["categorical"] == ["day_of_week", "code"]
    assert made.left_out == {}
    assert "and other files of 6" in made.text


def test_little_data_gets_smaller_batches(tmp_path):
    def drafted(rows, columns):
        lines = ["label," + ",".join(f"c{place}" for place in range(columns))]
        lines += [",".join([str(n % 2)] + [str((n + place) % 7) for place in range(columns)]) for n in range(rows)]
        (tmp_path / "a.csv").write_text("\n".join(lines))
        return load(draft([str(tmp_path / "a.csv")]), tmp_path)[0].selection.batch_size

    assert drafted(40_000, 10) == 256
    assert drafted(8000, 8) == 128  # 6,400 rows to train on, 4 epochs, 9 rounds of 20 steps
    assert drafted(300, 20) == 32


def test_words_for_truth_are_mapped_when_asked(tmp_path):
    rows = "".join(f"{'true' if n % 3 else 'false'},t{n % 5}\n" for n in range(60))
    (tmp_path / "a.csv").write_text(f"clicked,b\n{rows}")
    holds = (
        r"column 'clicked' may be the label, but holds false \(20 rows\), true \(40 rows\); `--label clicked` drafts data.pos"
    )
    with pytest.raises(DataError, match=holds):
        draft([str(tmp_path / "a.csv")])
    drafted = draft([str(tmp_path / "a.csv")], "clicked")
    assert load(drafted, tmp_path)[0].data.positive == ["true"]
    assert "label: clicked  # as asked; guessed: true means 1, and false means 0; 66.7% are 1" in drafted


def test_tfrecords_get_a_config_too(tmp_path):
    import tensorflow as tf

    def example(row):
        label = tf.train.Feature(int64_list=tf.train.Int64List(value=[row % 2]))
        words = [f"w{row % 5}", "w9"] if row % 3 else []
        tags = tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.encode() for word in words]))
        town = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"t%d" % (row % 7)]))
        price = tf.train.Feature(float_list=tf.train.FloatList(value=[row * 0.5]))
        named = {"clicked": label, "tags": tags, "town": town, "price": price}
        return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()

    with tf.io.TFRecordWriter(str(tmp_path / "rows.tfrecord")) as writer:
        for row in range(500):
            writer.write(example(row))
    config, features = load(draft([str(tmp_path)]), tmp_path)
    assert (config.data.format, config.data.label) == ("tfrecord", "clicked")
    assert {name: feature.kind for name, feature in features.items()} == {
        "tags": "multivalued",
        "town": "categorical",
        "price": "numeric",
    }


def test_parts_as_spark_writes_them_need_no_care(tmp_path):
    lines = text(table()).splitlines(keepends=True)
    for part in range(6):
        content = "" if part == 3 else "".join([lines[0], *([] if part in (0, 5) else lines[1 + part :: 6])])
        (tmp_path / f"part-{part:05d}.csv").write_text(content)
        (tmp_path / f".part-{part:05d}.csv.crc").write_bytes(b"crc\0")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "drafted.yaml").write_text(draft([str(tmp_path)]))
    config = Config.load(tmp_path / "drafted.yaml")
    assert config.data.train == [str(tmp_path / f"part-{part:05d}.csv") for part in (0, 1, 2, 4, 5)]
    assert config.data.label == "clicked"
    assert "price" in {feature.name for feature in ResolvedConfig.of(config).features}


def test_the_encoding_is_written_where_it_is_not_utf8(tmp_path):
    lines = ["label,town"] + [f"{n % 2},{['Orléans', 'Köln', 'Bern'][n % 3]}" for n in range(400)]
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode("latin1"))
    drafted = draft([str(tmp_path / "a.csv")])
    assert "encoding: latin1  # guessed: most texts are not UTF-8" in drafted
    assert load(drafted, tmp_path)[0].data.encoding == "latin1"


def test_files_whose_types_cannot_be_joined_are_refused_at_once(tmp_path):
    columns = {"label": [0, 1] * 50, "a": [f"w{row % 3}" for row in range(100)]}
    pq.write_table(pa.table({**columns, "user": [row % 9 for row in range(100)]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({**columns, "user": [f"u{row % 9}" for row in range(100)]}), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet: column 'user' is string, but int64 in .*1\.parquet.*write both with"):
        draft([str(tmp_path)])
    (tmp_path / "3.csv").write_text("label,a,user\n0,x,1\n")
    with pytest.raises(DataError, match=r"2\.parquet: is a Parquet file, not csv; set data\.format"):
        draft([str(tmp_path / "3.csv"), str(tmp_path / "2.parquet")])


def rows_of(**columns):
    return text({name: [str(value) for value in values] for name, values in columns.items()})


def test_times_of_a_log_are_offered_for_the_split_with_a_bound(tmp_path):
    rng = np.random.default_rng(2)
    log = {"click": rng.integers(0, 2, 1000), "a": rng.integers(0, 9, 1000), "b": rng.integers(0, 9, 1000)}
    log |= {"c": rng.integers(0, 9, 1000), "Timestamp": [f"6/{1 + n // 100}/2016 {n % 24}:43" for n in range(1000)]}
    (tmp_path / "a.csv").write_text(rows_of(**log))
    drafted = draft([str(tmp_path / "a.csv")])
    offered = 'split: {by: time, column: Timestamp, validation_from: "2016-06-09T00:43:00", test_from: "2016-06-10T00:43:00"}'
    assert f"  # To test on the latest rows: {offered}  # 90% of the sample is before test_from" in drafted
    by_row = next(line for line in drafted.splitlines() if line.startswith("  split:"))
    config, features = load(drafted.replace(by_row, f"  {offered}"), tmp_path)
    assert (config.data.split.by, sorted(features)) == ("time", ["a", "b", "c"])


def test_rows_without_a_label_few_positives_and_few_columns_are_said(tmp_path):
    labels = ["" if n % 10 == 0 else int(n % 100 == 1) for n in range(1000)]
    (tmp_path / "a.csv").write_text(rows_of(label=labels, town=[f"t{n % 7}" for n in range(1000)]))
    made = module.draft([str(tmp_path / "a.csv")])
    assert "unlabelled: skip  # 100 of 1,000 rows of the sample have no label yet" in made.text
    assert load(made.text, tmp_path)[0].data.unlabelled == "skip"
    assert made.notes == [
        "few labels: 10 positives in 900 rows of the sample; below 100, figures and picks are mostly chance",
        "nothing to select: only 1 column can be a feature (town)",
    ]
    assert all(f"# {note}" in made.text for note in made.notes)


def test_leaks_and_doubts_are_listed_with_their_figures(tmp_path):
    rng = np.random.default_rng(4)
    label = (rng.random(4000) < 0.1).astype(int)
    log = {"label": label, "order_ref": [f"r{n % 9}" if value else "" for n, value in enumerate(label)]}
    log |= {"points": rng.integers(12_285, 1_500_000, 4000), "level": rng.integers(100, 400, 4000)}
    (tmp_path / "a.csv").write_text(rows_of(**log))
    made = module.draft([str(tmp_path / "a.csv")])
    assert made.features["numeric"] == ["points"]
    assert made.features["categorical"] == ["level"]
    assert [note.split(":")[0] for note in made.notes] == ["nothing to select", "points", "level"]
    assert "\n  #   level: taken for codes; if a number, numeric: 300 values, 100 to 399" in made.text
    (reason,) = made.left_out
    assert (made.left_out[reason], reason.split(",")[0]) == (
        ["order_ref"],
        f"possible leak: filled in {label.sum()} rows of the sample",
    )


def test_numbers_with_blanks_are_numbers(tmp_path):
    rng = np.random.default_rng(3)
    lines = [f"{rng.integers(17, 90)}, {rng.integers(12_285, 1_500_000)}, {n % 2}" for n in range(500)]
    (tmp_path / "a.csv").write_text("age, weight, label\n" + "\n".join(lines) + "\n")
    made = module.draft([str(tmp_path / "a.csv")])
    assert made.label[0] == " label"
    assert made.features["numeric"] == ["age", " weight"]

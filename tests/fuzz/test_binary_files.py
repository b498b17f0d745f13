"""Mutated Parquet and TFRecord files: no row is lost or made up, and rows that were not touched come out as they were."""

from __future__ import annotations

import struct
from decimal import Decimal

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ConfigError, DataError
from tests.fuzz.mutation import mutated_bytes, odd_text
from tests.fuzz.raw_files import ROWS, check, read_file

MARK = 4 + 4  # bytes at a Parquet file's end: the footer's length, and the format's mark


def table_of(rng: np.random.Generator) -> pa.Table:
    """Rows like those of the text files, the columns of any type that can hold them."""
    number = rng.integers(0, 50, ROWS)
    texts = pa.array([f"c{value % 7}" for value in number], mask=rng.random(ROWS) < 0.2)
    lists = pa.array([[f"t{n}" for n in range(value % 4)] for value in number])
    return pa.table(
        {
            "label": [pa.array(number % 2), pa.array(number % 2 == 1), pa.array(number % 2, pa.float32())][rng.integers(0, 3)],
            "id": [pa.array(np.arange(ROWS)), pa.array([f"id{row}" for row in range(ROWS)])][rng.integers(0, 2)],
            "n": [pa.array(number / 4), pa.array(number, pa.int8()), pa.array(number, mask=number < 9)][rng.integers(0, 3)],
            "c": [texts, texts.cast(pa.large_string()), texts.cast(pa.binary()), texts.dictionary_encode()][rng.integers(0, 4)],
            "tags": [lists, pa.array(["|".join(values) for values in lists.to_pylist()])][rng.integers(0, 2)],
        }
    )


def odd_column(rng: np.random.Generator) -> pa.Array:
    """A column of a type, or with values, that a reader may not expect."""
    number = rng.integers(-(2**62), 2**62, ROWS)
    made = [
        lambda: pa.array(number.view(np.uint64) * 2, pa.uint64()),
        lambda: pa.array([Decimal(int(value)) / 10**4 for value in number], pa.decimal128(38, 4)),
        lambda: pa.array(number >> 20, pa.timestamp(["s", "ms", "us", "ns"][rng.integers(0, 4)])),
        lambda: pa.array(number, pa.duration("us")),
        lambda: pa.array(number % 10_000, pa.int32()).cast(pa.date32()),
        lambda: pa.array(rng.standard_normal(ROWS).astype(np.float16) * np.float16(1000)),
        lambda: pa.array(rng.choice([np.nan, np.inf, -np.inf, 0.0, 1e300, -1e-320, 2.0**63, 1.5], ROWS)),
        lambda: pa.array([{"a": int(value)} for value in number]),
        lambda: pa.array([[("k", int(value))] for value in number], pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([[[int(value)], []] for value in number]),
        lambda: pa.array([[None, odd_text(rng)] for _ in number]),
        lambda: pa.array([[int(value), None, 2] for value in number], pa.list_(pa.int64(), 3)),
        lambda: pa.array([odd_text(rng) for _ in number], pa.string_view()),
        lambda: pa.array([rng.bytes(3) for _ in number]),
        lambda: pa.array([rng.bytes(3) for _ in number], pa.binary(3)),
        lambda: pa.Array.from_buffers(pa.string(), ROWS, pa.array([rng.bytes(3) for _ in number]).buffers()),
        lambda: pa.array([odd_text(rng) for _ in number]).dictionary_encode(),
        lambda: pa.nulls(ROWS, [pa.null(), pa.int64(), pa.string(), pa.list_(pa.float32())][rng.integers(0, 4)]),
    ]
    return made[rng.integers(0, len(made))]()


def test_parquet(campaign, work_folder):
    """Columns of any type, and files of which bytes were changed."""
    tried = campaign("parquet", short=100)

    def attempt(rng: np.random.Generator) -> None:
        table, path = table_of(rng), work_folder / "mutated.parquet"
        parsed = work_folder / "parsed" / str(rng.integers(0, 2**62))
        options = {"row_group_size": int(rng.integers(5, 60)), "compression": ["snappy", "zstd", "none"][rng.integers(0, 3)]}
        if rng.random() < 0.5:
            place = int(rng.integers(0, 5))
            table = table.set_column(place, table.column_names[place], odd_column(rng))
            pq.write_table(table, path, **options)
            check(read_file(path, {"format": "parquet"}, parsed), ROWS)
            return
        pq.write_table(table, path, write_page_checksum=True, **options)
        original = read_file(path, {"format": "parquet"}, parsed / "original")
        check(original, ROWS)
        content = path.read_bytes()
        mutated = mutated_bytes(rng, content, 1)
        path.write_bytes(mutated)
        reading = read_file(path, {"format": "parquet"}, parsed)
        # Checksums are of pages: where the footer is another, values may be, too.
        footer = MARK + int.from_bytes(content[-MARK:-4], "little")
        same_footer = len(mutated) == len(content) and mutated[-footer:] == content[-footer:]
        check(reading, pq.read_metadata(path).num_rows, original.rows if same_footer else ())

    tried.run(attempt, ConfigError, DataError)
    tried.check()


def framed(record: bytes) -> bytes:
    """A record as a TFRecord file holds it."""
    length = struct.pack("<Q", len(record))
    return length + masked_crc(length) + record + masked_crc(record)


def masked_crc(text: bytes) -> bytes:
    value = google_crc32c.value(text)
    return struct.pack("<I", (((value >> 15) | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def frames_of(content: bytes) -> int:
    """Records of a file, by their lengths alone."""
    count = start = 0
    while start < len(content):
        start += 16 + int.from_bytes(content[start : start + 8], "little")
        count += 1
    return count


def examples() -> list[bytes]:
    """Rows like those of the text files, as Examples."""
    import tensorflow as tf

    made = []
    for row in range(ROWS):
        example = tf.train.Example()
        example.features.feature["label"].int64_list.value.append(row % 2)
        example.features.feature["id"].int64_list.value.append(row)
        if row % 3:
            example.features.feature["n"].float_list.value.append(row / 4)
            example.features.feature["c"].bytes_list.value.append(f"c{row % 7}".encode())
        example.features.feature["tags"].bytes_list.value.extend(b"t%d" % n for n in range(row % 4))
        made.append(example.SerializeToString(deterministic=True))
    return made


def test_tfrecord(campaign, work_folder):
    """Examples of which bytes were changed, in right frames and in wrong ones."""
    tried = campaign("tfrecord", short=60)
    records, path = examples(), work_folder / "mutated.tfrecord"
    path.write_bytes(b"".join(map(framed, records)))
    original = read_file(path, {"format": "tfrecord"}, work_folder / "parsed" / "original")
    check(original, ROWS)
    assert len(original.rows) == ROWS

    def attempt(rng: np.random.Generator) -> None:
        changed = {int(row): mutated_bytes(rng, records[row], 2) for row in rng.integers(0, ROWS, int(rng.integers(1, 5)))}
        content = b"".join(framed(changed.get(row, record)) for row, record in enumerate(records))
        if rng.random() < 0.3:
            content, changed = mutated_bytes(rng, b"".join(map(framed, records)), 2), {0: b""}
        path.write_bytes(content)
        reading = read_file(path, {"format": "tfrecord"}, work_folder / "parsed" / str(rng.integers(0, 2**62)))
        # The first Examples tell the types of the columns: a change in one of them may refuse others.
        untouched = [row for number, row in enumerate(original.rows) if number not in changed] if min(changed) > 8 else []
        check(reading, frames_of(content), untouched)

    tried.run(attempt, ConfigError, DataError)
    tried.check()

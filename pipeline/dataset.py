"""Reads the transformed Parquet for training: shuffled batches whose place is a pure function of seed, epoch and step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet
import tensorflow as tf

from features.config import Feature
from features.encoding import Encoding
from features.errors import DataError
from features.inputs import Input
from pipeline import files

SplitName = Literal["train", "validation", "test"]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Transformed:
    """A transformed folder, as `winnow preprocess` leaves it."""

    folder: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """`features.json`."""
        try:
            return dict(files.read_json(files.join(self.folder, "features.json")))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.folder}: not a transformed folder ({error}); run `winnow preprocess`") from None

    @cached_property
    def encodings(self) -> list[Encoding]:
        """Of all features, in the order of the config."""
        return [Encoding(**values) for values in self.document["encodings"]]

    @cached_property
    def features(self) -> list[Feature]:
        """The resolved features."""
        return [Feature.model_validate(values) for values in self.document["features"]]

    @cached_property
    def inputs(self) -> list[Input]:
        """The raw columns."""
        return [Input(**values) for values in self.document["inputs"]]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Files and rows of each split."""
        return dict(files.read_json(files.join(self.folder, "manifest.json"))["splits"])

    def rows(self, split: SplitName) -> int:
        """Rows of a split."""
        return int(self.manifest[split]["rows"])

    def subset(self, names: Sequence[str]) -> list[Encoding]:
        """Encodings of the named features, in the config's order."""
        return [encoding for encoding in self.encodings if encoding.name in set(names)]


@dataclass(frozen=True)
class RowGroup:
    """One Parquet row group."""

    path: str
    index: int
    rows: int


class Reader:
    """Batches of one split, of the columns of some features only.

    A batch is (inputs, label) or (inputs, label, weight): `ids` int32 [batch, id slots], `values` float32 [batch, float
    slots], `weights` float32 [batch, id slots] if a feature is weighted; label and weight float32 [batch, 1].

    Args:
      data: the transformed folder.
      split: which rows.
      encodings: of the features to read, in the order in which a model takes their slots.
      shuffle_rows: rows that are held and shuffled together; row groups are shuffled over the whole split.
    """

    def __init__(
        self, data: Transformed, split: SplitName, encodings: Sequence[Encoding], shuffle_rows: int = 1_000_000
    ) -> None:
        self.data, self.split, self.encodings, self.shuffle_rows = data, split, list(encodings), shuffle_rows
        self.rows = data.rows(split)
        self.weighted = any(encoding.weighted for encoding in self.encodings)
        self._held: Arrays | None = None

    @cached_property
    def row_groups(self) -> list[RowGroup]:
        """All row groups of the split, in file order."""
        groups = []
        for entry in self.data.manifest[self.split]["files"]:
            path = files.join(self.data.folder, entry["file"])
            metadata = pa.parquet.read_metadata(_open(path))
            groups += [RowGroup(path, n, metadata.row_group(n).num_rows) for n in range(metadata.num_row_groups)]
        return groups

    def steps(self, batch_size: int) -> int:
        """Whole batches in an epoch.

        Raises:
          DataError: there is not one.
        """
        if self.rows < batch_size:
            raise DataError(f"the {self.split} split has {self.rows} rows, fewer than one batch of {batch_size}")
        return self.rows // batch_size

    def shuffled(self, batch_size: int, seed: int, start: int = 0, shard: tuple[int, int] = (0, 1)) -> Iterator[Any]:
        """Endless whole batches from step `start` on; epochs follow each other, each in an order of its own.

        Args:
          batch_size: rows of the global batch.
          seed: of the order.
          start: steps to pass over (none of their row groups is read).
          shard: (index, count): which equal part of each global batch to yield.
        """
        steps = self.steps(batch_size)
        part = batch_size // shard[1]
        own = slice(shard[0] * part, (shard[0] + 1) * part)
        epoch, step = divmod(start, steps)
        while True:
            for arrays in _rebatched(self._shuffled_rows(seed, epoch, step * batch_size), batch_size, steps - step):
                yield self._example({name: array[own] for name, array in arrays.items()})
            epoch, step = epoch + 1, 0

    def ordered(self, batch_size: int) -> Iterator[Any]:
        """All rows once, in file order; the last batch may be smaller."""
        for group in self.row_groups:
            arrays = self._load((group,))
            for at in range(0, group.rows, batch_size):
                yield self._example({name: array[at : at + batch_size] for name, array in arrays.items()})

    def dataset(self, batch_size: int, seed: int, start: int = 0, shard: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        """`shuffled` as a tf.data.Dataset."""
        signature = self.signature(batch_size // shard[1])
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        options.deterministic = True
        made = tf.data.Dataset.from_generator(lambda: self.shuffled(batch_size, seed, start, shard), output_signature=signature)
        return made.prefetch(8).with_options(options)

    def signature(self, batch_size: int | None) -> Any:
        """Tensor specs of a batch."""
        slots = sum(encoding.length for encoding in self.encodings if encoding.embedded)
        floats = sum(encoding.length for encoding in self.encodings if not encoding.embedded)
        inputs = {}
        if slots:
            inputs["ids"] = tf.TensorSpec([batch_size, slots], tf.int32)
        if floats:
            inputs["values"] = tf.TensorSpec([batch_size, floats], tf.float32)
        if self.weighted:
            inputs["weights"] = tf.TensorSpec([batch_size, slots], tf.float32)
        column = tf.TensorSpec([batch_size, 1], tf.float32)
        return (inputs, column, column) if self.data.document["weight"] else (inputs, column)

    def _shuffled_rows(self, seed: int, epoch: int, start: int) -> Iterator[Arrays]:
        """Row blocks of an epoch from row `start` on, in the epoch's order."""
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(self.row_groups))
        windows = _windows([self.row_groups[n] for n in order], self.shuffle_rows)
        with ThreadPoolExecutor(1) as ahead:
            pending = []
            for number, window in enumerate(windows):
                rows = sum(group.rows for group in window)
                if start < rows:
                    pending.append((window, rows, start, number))
                start = max(start - rows, 0)
            loads = [ahead.submit(self._load, pending[0][0])] if pending else []
            for at, (_, rows, first, number) in enumerate(pending):
                arrays = loads.pop().result()
                if at + 1 < len(pending):
                    loads.append(ahead.submit(self._load, pending[at + 1][0]))
                permutation = np.random.default_rng([seed, epoch, number]).permutation(rows)
                for block in np.array_split(permutation[first:], max(1, (rows - first) // 16384)):
                    yield {name: array[block] for name, array in arrays.items()}

    def _load(self, groups: Sequence[RowGroup]) -> Arrays:
        whole = len(groups) == len(self.row_groups)
        if whole:  # the split fits in one window: hold it, in file order, rather than read it every epoch
            groups = self.row_groups
            if self._held is not None:
                return self._held
        names = [name for e in self.encodings for name in ([e.name, f"{e.name}.weights"] if e.weighted else [e.name])]
        extra = [self.data.document["label"]] + ([self.data.document["weight"]] if self.data.document["weight"] else [])
        tables = []
        for group in groups:
            with pa.parquet.ParquetFile(_open(group.path)) as file:
                tables.append(file.read_row_group(group.index, columns=names + extra))
        arrays = self._matrices(pa.concat_tables(tables))
        if whole:
            self._held = arrays
        return arrays

    def _matrices(self, table: pa.Table) -> Arrays:
        document = self.data.document
        arrays = {
            "ids": _matrix(table, [e.name for e in self.encodings if e.embedded], np.int32),
            "values": _matrix(table, [e.name for e in self.encodings if not e.embedded], np.float32),
            "label": _matrix(table, [document["label"]], np.float32),
        }
        if self.weighted:
            arrays["weights"] = np.concatenate(
                [_weights(table, encoding) for encoding in self.encodings if encoding.embedded], axis=1
            )
        if document["weight"]:
            arrays["weight"] = _matrix(table, [document["weight"]], np.float32)
        return {name: array for name, array in arrays.items() if array.shape[1]}

    def _example(self, arrays: Arrays) -> Any:
        inputs = {name: array for name, array in arrays.items() if name not in ("label", "weight")}
        return (inputs, arrays["label"], arrays["weight"]) if "weight" in arrays else (inputs, arrays["label"])


def _open(path: str) -> pa.NativeFile:
    if "://" not in path:
        return pa.OSFile(path)
    from apache_beam.io.filesystems import FileSystems

    return pa.PythonFile(FileSystems.open(path, compression_type="uncompressed"))


def _windows(groups: Sequence[RowGroup], rows: int) -> list[tuple[RowGroup, ...]]:
    windows: list[list[RowGroup]] = []
    size = rows
    for group in groups:
        if size + group.rows > rows:
            windows.append([])
            size = 0
        windows[-1].append(group)
        size += group.rows
    return [tuple(window) for window in windows]


def _rebatched(blocks: Iterator[Arrays], batch_size: int, count: int) -> Iterator[Arrays]:
    """`count` batches of exactly `batch_size` rows out of blocks of any size."""
    left: Arrays | None = None
    for block in blocks:
        joined = block if left is None else {name: np.concatenate([left[name], block[name]]) for name in block}
        rows = len(joined["label"])
        whole = min(rows // batch_size, count)
        for at in range(0, whole * batch_size, batch_size):
            yield {name: array[at : at + batch_size] for name, array in joined.items()}
        count -= whole
        if not count:
            return
        left = {name: array[whole * batch_size :] for name, array in joined.items()}


def _matrix(table: pa.Table, names: Sequence[str], dtype: Any) -> npt.NDArray[Any]:
    """[rows, slots], one or more slots a column."""
    parts = [_column(table[name]) for name in names]
    matrix = np.empty((table.num_rows, sum(part.shape[1] for part in parts)), dtype)
    at = 0
    for part in parts:
        matrix[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return matrix


def _column(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        return np.asarray(array.flatten()).reshape(-1, array.type.list_size)
    return np.asarray(array)[:, None]


def _weights(table: pa.Table, encoding: Encoding) -> npt.NDArray[Any]:
    if encoding.weighted:
        return _column(table[f"{encoding.name}.weights"])
    return np.ones((table.num_rows, encoding.length), np.float32)


def describe(data: Transformed) -> str:
    """Rows of each split, in words."""
    return ", ".join(f"{data.rows(split):,} {split}" for split in ("train", "validation", "test") if data.rows(split))


__all__ = ["Reader", "RowGroup", "Transformed", "describe"]

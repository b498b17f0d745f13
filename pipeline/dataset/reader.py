"""Reads the transformed Parquet for training: shuffled batches whose place is a pure function of seed, epoch and step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from features.encoding import FIRST_BUCKET, Encoding
from features.errors import ConfigError, DataError
from pipeline.dataset.transformed import RowGroup, SplitName, Transformed

Arrays = dict[str, npt.NDArray[Any]]
# Columns are interleaved into rows a block of rows at a time, which fits the processor's cache: written a column at a time,
# each row of a wide matrix would be fetched from memory once for every column.
_BLOCK_ROWS = 2048


@dataclass(frozen=True)
class Window:
    """Row groups that are held in memory and shuffled together.

    Attributes:
      groups: in the order of the epoch.
      epoch: the epoch that reads them.
      number: index of the window within the epoch.
      skip: rows at the start of its order that are passed over, where a training goes on in the middle of it.
    """

    groups: tuple[RowGroup, ...]
    epoch: int = 0
    number: int = 0
    skip: int = 0

    @property
    def rows(self) -> int:
        """Rows held."""
        return sum(group.rows for group in self.groups)

    def order(self, seed: int) -> npt.NDArray[np.int64]:
        """Positions of the rows in the order in which they come."""
        # Seeded with these numbers alone, so that a resumed training finds its batches without reading earlier ones.
        return np.random.default_rng([seed, self.epoch, self.number]).permutation(self.rows)[self.skip :]


class Reader:
    """Batches of one split, of the columns of some features only.

    A batch is (inputs, label) or (inputs, label, weight): `ids` int32 [batch, id slots], `values` float32 [batch, float
    slots], `weights` float32 [batch, id slots] if a feature is weighted; label and weight float32 [batch, 1].

    Args:
      transformed: the transformed folder.
      split: which rows.
      encodings: of the features to read, in the order in which a model takes their slots.
      shuffle_rows: rows that are held and shuffled together (at least one row group; twice as many are held while the
        next ones load); row groups are shuffled over the whole split. A split that is not larger is read once only.
    """

    def __init__(
        self, transformed: Transformed, split: SplitName, encodings: Sequence[Encoding], shuffle_rows: int = 1_000_000
    ) -> None:
        self.transformed, self.split, self.encodings, self.shuffle_rows = transformed, split, list(encodings), shuffle_rows
        self.rows = transformed.rows(split)
        self.weighted = any(encoding.weighted for encoding in self.encodings)
        self._held: Arrays | None = None

    @cached_property
    def row_groups(self) -> list[RowGroup]:
        """All row groups of the split, in file order."""
        return self.transformed.row_groups(self.split, self._columns)

    def steps(self, batch_size: int) -> int:
        """Whole batches in an epoch.

        Raises:
          DataError: there is not one.
        """
        if self.rows < batch_size:
            raise DataError(f"the {self.split} split has {self.rows} rows, fewer than one batch of {batch_size}")
        return self.rows // batch_size

    def shuffled(self, batch_size: int, seed: int, start: int = 0, shard: tuple[int, int] = (0, 1)) -> Iterator[Any]:
        """Endless whole batches from step `start` on; epochs follow each other, each in another order.

        The rows that are left when an epoch has no whole batch any more are not in that epoch.

        Args:
          batch_size: rows of the global batch.
          seed: of the order.
          start: steps to pass over; windows that end before it are not read.
          shard: (index, count): which equal part of each global batch to yield.

        Raises:
          ConfigError: the batch cannot be cut into equal parts.
          DataError: the split is smaller than a batch, or a file is gone or damaged.
        """
        steps, part = self.steps(batch_size), _part(batch_size, shard)
        epoch, step = divmod(start, steps)
        left: Arrays = {}
        with closing(_ahead(self._load, self._windows(seed, epoch, step * batch_size))) as loaded:
            for window, arrays in loaded:
                # Rows left over at the end of an epoch must not be seen in the next one, or steps and epochs would drift apart.
                left = {} if window.number == 0 else left
                left = yield from self._batches(left, arrays, window.order(seed), batch_size, part)

    def ordered(self, batch_size: int) -> Iterator[Any]:
        """All rows once, in file order; the last batch may be smaller.

        Raises:
          DataError: a file is gone or damaged.
        """
        left: Arrays = {}
        with closing(_ahead(self._load, (Window((group,)) for group in self.row_groups))) as loaded:
            for window, arrays in loaded:
                left = yield from self._batches(left, arrays, np.arange(window.rows), batch_size, slice(None))
        if left and len(left["label"]):
            yield self._example(left)

    def dataset(self, batch_size: int, seed: int, start: int = 0, shard: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        """`shuffled` as a tf.data.Dataset; what it raises of files and sizes, it raises here."""
        self.steps(batch_size)
        assert self.row_groups  # reads the footers: a file that is gone is named here, and not from within tf.data
        part = _part(batch_size, shard)
        batches = tf.data.Dataset.from_generator(
            lambda: self.shuffled(batch_size, seed, start, shard), output_signature=self.signature(part.stop - part.start)
        )
        # The reader divides batches among workers itself, as each part must be of the same global batch.
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        options.deterministic = True
        return batches.prefetch(8).with_options(options)

    def signature(self, batch_size: int | None) -> Any:
        """Tensor specs of a batch."""
        specs = {
            name: tf.TensorSpec([batch_size, sum(slots for _, slots in columns)], tf.dtypes.as_dtype(dtype))
            for name, (dtype, columns) in self._layout.items()
        }
        return self._example(specs)

    @cached_property
    def _layout(self) -> dict[str, tuple[Any, list[tuple[str, int]]]]:
        """Of each array: its dtype, and the columns side by side in it with their slots; a column "" is all ones."""
        ids = [encoding for encoding in self.encodings if encoding.embedded]
        layout: dict[str, tuple[Any, list[tuple[str, int]]]] = {
            "ids": (np.int32, [(e.name, e.length) for e in ids]),
            "values": (np.float32, [(e.name, e.length) for e in self.encodings if not e.embedded]),
            "label": (np.float32, [(self.transformed.resolved.label, 1)]),
        }
        if self.weighted:
            layout["weights"] = (np.float32, [(f"{e.name}.weights" if e.weighted else "", e.length) for e in ids])
        if self.transformed.resolved.weight:
            layout["weight"] = (np.float32, [(self.transformed.resolved.weight, 1)])
        return {name: (dtype, columns) for name, (dtype, columns) in layout.items() if columns}

    @cached_property
    def _columns(self) -> list[str]:
        return list(dict.fromkeys(name for _, columns in self._layout.values() for name, _ in columns if name))

    def _windows(self, seed: int, epoch: int, skip: int) -> Iterator[Window]:
        """Windows from row `skip` of an epoch's order on, for ever."""
        for number in count(epoch):
            # Whole row groups are shuffled, then rows within a window: shuffling rows over the whole split would read every
            # file for every batch.
            order = np.random.default_rng([seed, number]).permutation(len(self.row_groups))
            for index, groups in enumerate(_grouped([self.row_groups[n] for n in order], self.shuffle_rows)):
                window = Window(groups, number, index, skip)
                if skip < window.rows:
                    yield window
                skip = max(skip - window.rows, 0)

    def _load(self, window: Window) -> Arrays:
        """All rows of a window, unshuffled."""
        # Large splits are read anew in every epoch: `shuffle_rows` bounds what is held.
        if len(window.groups) < len(self.row_groups):
            return self._read(window.groups)
        if self._held is None:  # the split fits in one window: hold it, in file order, rather than read it every epoch
            self._held = self._read(self.row_groups)
        return self._held

    def _read(self, groups: Sequence[RowGroup]) -> Arrays:
        rows = sum(group.rows for group in groups)
        # Filled in place, a row group at a time: joining the row groups afterwards would hold all rows twice.
        arrays = {n: np.empty((rows, sum(s for _, s in columns)), dtype) for n, (dtype, columns) in self._layout.items()}
        at = 0
        for group in groups:
            table = group.read(self._columns)
            for name, (_, columns) in self._layout.items():
                _interleave([self._column(table, *column) for column in columns], arrays[name][at : at + group.rows])
            at += group.rows
        return arrays

    def _column(self, table: pa.Table, name: str, slots: int) -> npt.NDArray[Any]:
        """A column as [rows, slots]; ones if it has no name. Ids that were cut away are out of the vocabulary."""
        if not name:  # the weights of an unweighted feature beside weighted ones
            return np.broadcast_to(np.float32(1), (table.num_rows, slots))
        array = table[name].combine_chunks()
        flat = np.asarray(array.flatten() if pa.types.is_fixed_size_list(array.type) else array).reshape(table.num_rows, slots)
        return np.where(flat < self.transformed.cuts[name], flat, FIRST_BUCKET) if name in self.transformed.cuts else flat

    def _batches(
        self, left: Arrays, arrays: Arrays, order: npt.NDArray[np.int64], batch_size: int, part: slice
    ) -> Generator[Any, None, Arrays]:
        """The given part of each whole batch of the rows left over and `arrays` in `order`; returns the rows then left."""
        first = 0
        if left:
            first = batch_size - len(left["label"])
            joined = {name: np.concatenate([left[name], array[order[:first]]]) for name, array in arrays.items()}
            if len(joined["label"]) < batch_size:
                return joined
            yield self._example({name: array[part] for name, array in joined.items()})
        end = first + (len(order) - first) // batch_size * batch_size
        for at in range(first, end, batch_size):
            taken = order[at : at + batch_size][part]
            yield self._example({name: array[taken] for name, array in arrays.items()})
        return {name: array[order[end:]] for name, array in arrays.items()}

    def _example(self, arrays: dict[str, Any]) -> Any:
        inputs = {name: array for name, array in arrays.items() if name not in ("label", "weight")}
        return (inputs, arrays["label"], arrays["weight"]) if "weight" in arrays else (inputs, arrays["label"])


def _ahead(load: Callable[[Window], Arrays], windows: Iterable[Window]) -> Generator[tuple[Window, Arrays]]:
    """Each window with its rows; while one is used, a thread loads the next. Closing it waits for that thread."""
    # One window ahead and not more: windows are the largest thing in memory.
    with ThreadPoolExecutor(1, "winnow-read") as pool:
        pending = None
        for window in windows:
            following = window, pool.submit(load, window)
            if pending:
                yield pending[0], pending[1].result()
            pending = following
        if pending:
            yield pending[0], pending[1].result()


def _grouped(groups: Sequence[RowGroup], rows: int) -> list[tuple[RowGroup, ...]]:
    """Row groups in turn, as many together as `rows` allows, at least one."""
    windows: list[list[RowGroup]] = []
    size = rows
    for group in groups:
        if size + group.rows > rows:
            windows.append([])
            size = 0
        windows[-1].append(group)
        size += group.rows
    return [tuple(window) for window in windows]


def _part(batch_size: int, shard: tuple[int, int]) -> slice:
    index, parts = shard
    if batch_size % parts:
        raise ConfigError(f"training.batch_size: {batch_size} rows cannot be cut into {parts} equal parts, one a worker")
    part = batch_size // parts
    return slice(index * part, (index + 1) * part)


def _interleave(parts: Sequence[npt.NDArray[Any]], matrix: npt.NDArray[Any]) -> None:
    """Writes columns, each [rows, slots], side by side into a matrix."""
    for at in range(0, len(matrix), _BLOCK_ROWS):
        block = slice(at, at + _BLOCK_ROWS)
        np.concatenate([part[block] for part in parts], axis=1, out=matrix[block], casting="same_kind")


__all__ = ["Reader", "SplitName", "Transformed", "Window"]

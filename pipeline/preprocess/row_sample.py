"""A sample of rows by their hashes, which shows how many rows are in two splits.

A row is in the sample if its hash is low enough. Whatever shard or split it stands in, the same row is thus sampled or not,
and the rows of all shards can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.preprocess.row_hashes import Hashes
from pipeline.preprocess.split import SPLITS, Splits
from pipeline.runtime import files

_SAMPLED_ROWS = 1 << 17  # of all shards together, 2 MB: even of a share of 1 % more than a thousand rows are seen
_LEAST_ROWS = 64  # of each shard, however many shards there are
_ABOVE_ALL = 2**64  # above every hash: a sample of which nothing was cut
# Share of a split's rows that may be in another split too without a word: in any log so few are equal by chance.
_FEW = 0.01
# By chance, about as many test rows are in train as train rows are repeated; twice as many are not by chance.
_MORE_THAN_CHANCE = 2.0
_BELOW = b"below"  # the key of that figure in a file's metadata


def rows_a_shard(shards: int) -> int:
    """Rows of each shard that are sampled, about."""
    return max(_LEAST_ROWS, _SAMPLED_ROWS // max(shards, 1))


@dataclass
class RowSample:
    """The rows of some shards that have the lowest hashes.

    Attributes:
      hashes: [sampled] of the rows' content.
      splits: [sampled] indices into `SPLITS`.
      below: all rows whose hash is below this number are in the sample, and no others.
    """

    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    splits: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    below: int = _ABOVE_ALL

    def add(self, hashes: Hashes, splits: Splits, most: int) -> None:
        """Takes further rows into account, and leaves out those of the highest hashes where there are more than `most`."""
        # The lowest hashes and not a random draw: only so are equal rows of different shards sampled together or not at all.
        if len(hashes) > most:
            self.below = min(self.below, int(np.partition(hashes, most)[most]))
        self.hashes = np.concatenate([self.hashes, hashes])
        self.splits = np.concatenate([self.splits, splits.astype(np.int8)])
        self._cut()

    @classmethod
    def joined(cls, samples: Iterable[RowSample]) -> RowSample:
        """The sample over all shards: rows that would be in the sample of each."""
        parts = list(samples)
        whole = cls(
            np.concatenate([cls().hashes, *(part.hashes for part in parts)]),
            np.concatenate([cls().splits, *(part.splits for part in parts)]),
            min((part.below for part in parts), default=_ABOVE_ALL),
        )
        whole._cut()
        return whole

    def _cut(self) -> None:
        if self.below < _ABOVE_ALL:
            kept = self.hashes < np.uint64(self.below)
            self.hashes, self.splits = self.hashes[kept], self.splits[kept]

    def write(self, path: str) -> None:
        """Writes the sample as an Arrow stream."""
        table = pa.table({"hash": self.hashes, "split": self.splits}).replace_schema_metadata({_BELOW: str(self.below)})
        with files.written(path) as target, pa.ipc.new_stream(target, table.schema) as stream:
            stream.write_table(table)

    @classmethod
    def read(cls, path: str) -> RowSample:
        """Inverse of `write`."""
        with pa.ipc.open_stream(pa.BufferReader(files.read_bytes(path))) as stream:
            table = stream.read_all()
        return cls(table["hash"].to_numpy(), table["split"].to_numpy(), int(table.schema.metadata[_BELOW]))


@dataclass(frozen=True)
class SharedRows:
    """Rows of a split that are in another one too, value for value.

    Attributes:
      split, other: their names.
      share: of the rows of `split`.
      repeated: share of the rows of `other` that occur in it more than once: so often rows are the same by chance.
    """

    split: str
    other: str
    share: float
    repeated: float


def shared_rows(sample: RowSample) -> list[SharedRows]:
    """Shares of rows that two splits share, of all pairs that have rows, the earlier split as the other."""
    by_split = {split: sample.hashes[sample.splits == number] for number, split in enumerate(SPLITS)}
    pairs = [(split, other) for number, split in enumerate(SPLITS) for other in SPLITS[:number]]

    def both(split: str, other: str) -> bool:
        return bool(len(by_split[split]) and len(by_split[other]))

    return [_shared(split, by_split[split], other, by_split[other]) for split, other in pairs if both(split, other)]


def _shared(split: str, hashes: Hashes, other: str, other_hashes: Hashes) -> SharedRows:
    values, counts = np.unique(other_hashes, return_counts=True)
    repeated = float(counts[counts > 1].sum() / max(len(other_hashes), 1))
    return SharedRows(split, other, float(np.isin(hashes, values).mean()), repeated)


def sentences(shared: Sequence[SharedRows]) -> list[str]:
    """Sentences about rows that two splits share; a warning where there are more of them than by chance."""
    said = []
    for pair in shared:
        if pair.share < _FEW:
            continue
        chance = f"{pair.repeated:.1%} of the {pair.other} rows occur more than once"
        fact = f"{pair.share:.1%} of the {pair.split} rows are in {pair.other} too, value for value ({chance})"
        if pair.share > _FEW + _MORE_THAN_CHANCE * pair.repeated:
            said.append(f"warning: {fact}; figures on {pair.split} show how well rows are remembered; look for rows in both")
        else:
            said.append(f"preprocess: {fact}")
    return said

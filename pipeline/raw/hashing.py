"""Hashes of rows and of values, the same on every machine and in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def mix(x: Any) -> Any:
    """SplitMix64's finaliser over uint64 values (Steele, Lea and Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def hash_values(values: pa.Array, seed: int = 0) -> npt.NDArray[np.uint64]:
    """A random-looking uint64 per value of a string or integer array without nulls.

    The hash of a text is a sum of hashes of (position, byte) pairs: sums over slices need no loop over values.
    """
    # The seed is mixed before it is added: with the seed alone, value 1 of seed 0 would hash like value 0 of seed 1.
    if not pa.types.is_string(values.type):
        return np.asarray(mix(values.cast(pa.int64()).to_numpy().view(np.uint64) + mix(np.uint64(seed + 1))))
    _, offsets, text = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    if text is None or ends[-1] == ends[0]:
        return np.full(len(values), mix(mix(np.uint64(seed + 1))))  # what the sum below gives for no byte
    # The differences of the running sum at the texts' ends are their sums; uint64 wraps around, which the difference undoes.
    chars = np.frombuffer(text, np.uint8)[ends[0] : ends[-1]].astype(np.uint64)
    ends = ends - ends[0]
    lengths = np.diff(ends)
    position = (np.arange(len(chars)) - np.repeat(ends[:-1], lengths)).astype(np.uint64)
    with np.errstate(over="ignore"):
        upto = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mix((position << np.uint64(8)) + chars + np.uint64(1)))])
        return np.asarray(mix(upto[ends[1:]] - upto[ends[:-1]] + mix(np.uint64(seed + 1))))

"""The cache key of a parsed shard: a hash of all that its rows and counts depend on.

What is left out of the key is listed, not what is in it. A field that somebody adds to the config or to a kind of feature is
therefore in the key until it is said not to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from features.config.data import DataConfig
from features.feature import Feature
from features.inputs import Input
from pipeline.raw.piece import Shard
from pipeline.runtime.fingerprint import fingerprint

# Fields of `data` that do not change how a shard is parsed; left out of its key. The path of the shard's file is in the key by
# itself: files that are added later must not change the keys of those that were parsed.
UNPARSED_FIELDS = frozenset({"train", "validation", "test", "max_bad_ratio", "incremental", "stable_ids"})


def shard_key(version: str, data: DataConfig, features: Sequence[Feature], inputs: Sequence[Input], shard: Shard) -> str:
    """A hash of the program's version, the shard's file and stretch, and how it is parsed, divided and counted.

    Args:
      version: of the program.
      data: the config's section.
      features: that are counted.
      inputs: columns that are read.
      shard: to be parsed.
    """
    return fingerprint(
        version,
        asdict(shard),
        data.model_dump(exclude=set(UNPARSED_FIELDS)),
        [bool(data.validation), bool(data.test)],  # a split that has files takes no train rows, see `split_of`
        [feature.model_dump(exclude=set(feature.uncounted_fields)) for feature in features],
        [asdict(column) for column in inputs],
    )

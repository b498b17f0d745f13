"""What Beam does between parsing and the statistics: partials are merged by feature, split and bucket of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from features.feature import Feature
from features.names import file_names
from features.statistics import Statistics
from pipeline.preprocess.parse import Key
from pipeline.preprocess.partial import Partial, merge
from pipeline.preprocess.vocabulary import Summary, finish, summarise
from pipeline.runtime import files

# Values that may wait unmerged beside the largest partial. Merging costs a pass over all values: with fewer waiting, it would
# take more time than it saves memory.
_UNMERGED_VALUES = 1 << 16


class MergePartials(beam.CombineFn):
    """Merges partials of one key; accumulators are lists, which are merged to one partial whenever they have doubled."""

    def create_accumulator(self) -> list[Partial]:
        """No partials yet."""
        return []

    def add_input(self, accumulator: list[Partial], partial: Partial) -> list[Partial]:
        """Adds one shard's partial."""
        accumulator.append(partial)
        # Merged only once as many values wait as are merged already: each value is then merged a few times, not once a shard.
        merged, *others = [part.counts.num_rows for part in accumulator]
        return [merge(accumulator)] if sum(others) > max(merged, _UNMERGED_VALUES) else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[Partial]]) -> list[Partial]:
        """Joins the accumulators of several workers, and merges their partials."""
        partials = [partial for accumulator in accumulators for partial in accumulator]
        return [merge(partials)] if partials else []

    def extract_output(self, accumulator: list[Partial]) -> Partial:
        """One partial with each value once."""
        return merge(accumulator)


class SummarisePartial(beam.DoFn):
    """((feature, split, bucket), merged Partial) -> ((feature, split), Summary)."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = {feature.name: feature for feature in features}

    def process(self, element: tuple[Key, Partial]) -> Iterator[tuple[tuple[str, str], Summary]]:
        """Reduces all values of a bucket to what the statistics and the vocabulary need."""
        (name, split, _), partial = element
        yield (name, split), summarise(self.features[name], partial)


class FinishFeature(beam.DoFn):
    """((feature, split), summaries) -> writes `<file name>.<split>.json` (statistics) and, of train, its vocabulary.

    See `features.names.file_names`.

    Args:
      features: those that are counted.
      vocabularies: folder of the vocabularies.
      statistics: folder of the statistics.
      known: folder of an earlier run's vocabularies and statistics, whose ids are to stay; None where ids are free.
    """

    def __init__(self, features: Sequence[Feature], vocabularies: str, statistics: str, known: str | None) -> None:
        self.features = {feature.name: feature for feature in features}
        self.file_names = file_names([feature.name for feature in features])
        self.vocabularies, self.statistics, self.known = vocabularies, statistics, known

    def process(self, element: tuple[tuple[str, str], Any]) -> Iterator[str]:
        """Yields the feature's name once its files are there."""
        (name, split), summaries = element
        feature = self.features[name]
        tokens, boundaries = self._known_ids(name)
        statistics, vocabulary = finish(feature, summaries, tokens)
        # With `stable_ids`, buckets of numbers keep their boundaries as tokens keep their ids: a trained model stays valid.
        if boundaries and statistics.boundaries:
            statistics = statistics.model_copy(update={"boundaries": boundaries})
        if split == "train" and feature.has_vocabulary:
            text = "".join(f"{token}\n" for token in vocabulary)
            files.write_bytes(files.join(self.vocabularies, f"{self.file_names[name]}.txt"), text.encode())
        files.write_document(files.join(self.statistics, f"{self.file_names[name]}.{split}.json"), statistics)
        yield name

    def _known_ids(self, name: str) -> tuple[list[str], list[float]]:
        """The tokens and the boundaries of the earlier run, in the order of their ids; empty where it had none."""
        base = files.join(self.known, self.file_names[name]) if self.known else ""
        if not base or not files.exists(f"{base}.train.json"):
            return [], []
        statistics = files.read_document(Statistics, f"{base}.train.json")
        if statistics.name != name:  # a feature that is new here differs from another in the case of its letters only
            return [], []
        path = f"{base}.txt"
        tokens = files.read_bytes(path).decode().split("\n")[:-1] if files.exists(path) else []
        return tokens, statistics.boundaries

"""The first pass: shards are parsed and counted; merged counts become vocabularies and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import apache_beam as beam

from features.errors import DataError
from features.feature import Feature
from features.statistics import Statistics, StatisticsDocument, mark_duplicates
from pipeline.dataset.transformed import Transformed
from pipeline.preprocess.analyze import Partial, merge
from pipeline.preprocess.parse import Key, Parsed, ParseShard
from pipeline.preprocess.resolved_config import Job
from pipeline.preprocess.split import SPLITS
from pipeline.preprocess.vocabulary import Summary, finish, summarise
from pipeline.raw.rejects import Tally
from pipeline.raw.shards import plan_shards
from pipeline.runtime import files
from pipeline.runtime.beam import run_beam
from pipeline.runtime.beam_progress import follow
from pipeline.runtime.console import say

_COMPACT_ROWS = 1 << 16  # fewer are not worth a merge


def count(job: Job, transformed: Transformed, spans: str, beam_args: Sequence[str]) -> list[Parsed]:
    """Writes `vocabulary/`, `statistics.json` and `rejected/`.

    Args:
      job: what to do.
      transformed: the output.
      spans: folder of the parsed shards; those that are there are not read again.
      beam_args: see `preprocess`.

    Returns:
      The parsed shards, in the order of the files.

    Raises:
      DataError: too many rows are malformed, no row is left to train on, or the label is constant.
    """
    shards = plan_shards(job.config.data, job.listed)
    parse = ParseShard(job.config, job.counted, job.raw, spans, job.buckets)
    counted = files.exists(transformed.statistics_file)
    if not counted:
        say(f"preprocess: counting {len(job.features)} features in {len(shards)} shards")
        with follow("preprocess: counting, shards", {f"{parse.base(shard)}.json": 1 for shard in shards}):
            run_beam(
                lambda root: root | "Shards" >> beam.Create(shards, reshuffle=True) | _Count(job, parse, transformed, spans),
                beam_args,
            )
    with ThreadPoolExecutor(16) as pool:  # waits for a store, one small document a shard
        parsed = list(pool.map(lambda shard: Parsed.load(parse.base(shard)), shards))
    _keep_rejected(job, parsed, transformed.rejected)
    if not counted:
        _join_statistics(job, parsed, transformed)
    return parsed


def statistics_folder(transformed: Transformed) -> str:
    """Where the workers leave the statistics of each feature and split, before they are joined into one document."""
    return files.join(transformed.folder, "statistics")


def tally(parsed: Sequence[Parsed]) -> Tally:
    """Rows and rejects of all shards."""
    whole = Tally()
    for shard in parsed:
        whole.merge(shard.tally)
    return whole


class _Count(beam.PTransform):
    """Shards -> names of features whose vocabulary and statistics are written."""

    def __init__(self, job: Job, parse: ParseShard, transformed: Transformed, spans: str) -> None:
        super().__init__()
        self.job, self.parse = job, parse
        known = files.join(spans, "known") if job.config.data.stable_ids else None
        statistics = statistics_folder(transformed)
        for folder in (transformed.vocabularies, statistics):
            files.remove(folder)
            files.make_folder(folder)
        self.finish = FinishFeature(job.counted, transformed.vocabularies, statistics, known)

    def expand(self, shards: Any) -> Any:
        return (
            shards
            | "Parse" >> beam.ParDo(self.parse)
            | "Merge" >> beam.CombinePerKey(MergePartials())
            | "Summarise" >> beam.ParDo(SummarisePartial(self.job.counted))
            | "Buckets" >> beam.GroupByKey()
            | "Finish" >> beam.ParDo(self.finish)
        )


class MergePartials(beam.CombineFn):
    """Merges partials of one key; accumulators are lists, compacted whenever they have doubled."""

    def create_accumulator(self) -> list[Partial]:
        """Nothing yet."""
        return []

    def add_input(self, accumulator: list[Partial], partial: Partial) -> list[Partial]:
        """Adds one shard's partial."""
        accumulator.append(partial)
        compact, *more = [part.counts.num_rows for part in accumulator]
        return [merge(accumulator)] if sum(more) > max(compact, _COMPACT_ROWS) else accumulator

    def merge_accumulators(self, accumulators: Any) -> list[Partial]:
        """Joins and compacts."""
        return [merge(parts)] if (parts := [part for parts in accumulators for part in parts]) else []

    def extract_output(self, accumulator: list[Partial]) -> Partial:
        """One partial with each value once."""
        return merge(accumulator)


class SummarisePartial(beam.DoFn):
    """((feature, split, bucket), merged Partial) -> ((feature, split), Summary)."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = {feature.name: feature for feature in features}

    def process(self, element: tuple[Key, Partial]) -> Iterator[tuple[tuple[str, str], Summary]]:
        """Keeps what the statistics and the vocabulary need."""
        (name, split, _), partial = element
        yield (name, split), summarise(self.features[name], partial)


class FinishFeature(beam.DoFn):
    """((feature, split), summaries) -> writes `<name>.<split>.json` (statistics) and, of train, `<name>.txt` (vocabulary).

    Args:
      features: of which.
      vocabularies: folder of the vocabularies.
      statistics: folder of the statistics.
      known: folder of an earlier run's vocabularies and statistics, whose ids are to stay.
    """

    def __init__(self, features: Sequence[Feature], vocabularies: str, statistics: str, known: str | None) -> None:
        self.features = {feature.name: feature for feature in features}
        self.vocabularies, self.statistics, self.known = vocabularies, statistics, known

    def process(self, element: tuple[tuple[str, str], Any]) -> Iterator[str]:
        """Yields the feature's name once its files are there."""
        (name, split), summaries = element
        feature = self.features[name]
        tokens, boundaries = self._before(name)
        statistics, vocabulary = finish(feature, summaries, tokens)
        if boundaries and statistics.boundaries:
            statistics = statistics.model_copy(update={"boundaries": boundaries})
        if split == "train" and feature.has_vocabulary:
            text = "".join(f"{token}\n" for token in vocabulary)
            files.write_bytes(files.join(self.vocabularies, f"{name}.txt"), text.encode())
        files.write_document(files.join(self.statistics, f"{name}.{split}.json"), statistics)
        yield name

    def _before(self, name: str) -> tuple[list[str], list[float]]:
        if self.known is None or not files.exists(files.join(self.known, f"{name}.train.json")):
            return [], []
        statistics = files.read_document(Statistics, files.join(self.known, f"{name}.train.json"))
        path = files.join(self.known, f"{name}.txt")
        tokens = files.read_bytes(path).decode().split("\n")[:-1] if files.exists(path) else []
        return tokens, statistics.boundaries


def _keep_rejected(job: Job, parsed: Sequence[Parsed], target: str) -> None:
    bad = [shard for shard in parsed if shard.tally.bad]
    if bad:
        files.make_folder(target)
    for number, shard in enumerate(bad):
        files.copy(f"{shard.base}.rejected", files.join(target, f"part-{number:05d}.parquet"))
    try:
        tally(parsed).check(job.config.data.max_bad_ratio)
    except DataError as error:
        raise DataError(f"{error}\n  all of them are in {target}") from None


def _join_statistics(job: Job, parsed: Sequence[Parsed], transformed: Transformed) -> None:
    splits = [split for split in SPLITS if any(shard.rows[split] for shard in parsed)]
    if "train" not in splits:
        raise DataError("preprocess: the train split has no rows; look at data.train and data.split")
    folder = statistics_folder(transformed)

    def statistics_of(name: str, split: str) -> Statistics:
        return files.read_document(Statistics, files.join(folder, f"{name}.{split}.json"))

    label = statistics_of(job.config.data.label, "train")
    if label.distinct < 2:
        message = f"column {label.name!r} is {label.top[0][0]} in every train row; nothing to learn"
        raise DataError(f"data.label: {message}")
    by_split = {split: [statistics_of(feature.name, split) for feature in job.features] for split in splits}
    document = StatisticsDocument(
        features=mark_duplicates(by_split.pop("train")), splits=by_split, rejected=dict(tally(parsed).reasons.most_common())
    )
    files.write_document(transformed.statistics_file, document)

"""The first pass: shards are parsed and counted; merged counts become vocabularies and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import apache_beam as beam

from features.errors import DataError
from features.names import file_names
from features.statistics import Statistics, StatisticsDocument, mark_duplicates
from pipeline.preprocess.combine import FinishFeature, MergePartials, SummarisePartial
from pipeline.preprocess.folders import Folders
from pipeline.preprocess.parse import ParseShard
from pipeline.preprocess.parsed_shard import ParsedShard
from pipeline.preprocess.resolved_config import ResolvedConfig
from pipeline.preprocess.row_sample import RowSample, rows_a_shard, sentences, shared_rows
from pipeline.preprocess.split import SPLITS
from pipeline.preprocess.split_counts import add_counts, check_counts, describe, warnings
from pipeline.raw.piece import Shard
from pipeline.raw.rejects import Tally
from pipeline.raw.shards import plan_shards
from pipeline.runtime import files
from pipeline.runtime.beam import run_beam
from pipeline.runtime.beam_progress import follow
from pipeline.runtime.console import say

# Threads that read one small document a shard. In a bucket each read is mostly waiting, so they are more than the cores.
_READERS = 16


def count(resolved: ResolvedConfig, folders: Folders, beam_args: Sequence[str]) -> list[ParsedShard]:
    """Writes `vocabulary/`, `statistics.json` and `rejected/`.

    Args:
      resolved: the config.
      folders: of the output and of the parsed shards; shards that are there are not parsed again.
      beam_args: see `preprocess`.

    Returns:
      The parsed shards, in the order of the files.

    Raises:
      DataError: too many rows are malformed, a split that was asked for has no rows, or its labels are all the same.
    """
    shards = plan_shards(resolved.data, resolved.listed)
    sampled = rows_a_shard(len(shards))
    parse = ParseShard(resolved.data, resolved.counted, resolved.columns, folders.parsed, resolved.buckets, sampled)
    parsed = [parse.parsed(shard) for shard in shards]
    # Written last by this pass: where it is there, an earlier run has finished counting.
    counted = files.exists(folders.output.statistics_file)
    if not counted:
        say(f"preprocess: counting {len(resolved.features)} features in {len(shards)} shards")
        with follow("preprocess: counting, shards", {shard.record_file: 1 for shard in parsed}):
            run_beam(_counting(shards, parse, resolved, folders), beam_args)
    with ThreadPoolExecutor(_READERS) as pool:
        list(pool.map(lambda shard: shard.record, parsed))  # read once and held
    # Rejected rows are copied out before anything is refused, so that a person finds them when the command fails.
    _keep_rejected(resolved, parsed, folders.output.rejected)
    _judge_splits(resolved, parsed)
    if not counted:
        _join_statistics(resolved, parsed, folders)
    return parsed


def tally(parsed: Sequence[ParsedShard]) -> Tally:
    """Rows and rejects of all shards."""
    counts = Tally()
    for shard in parsed:
        counts.merge(Tally.of(shard.record.rejected))
    return counts


def _counting(shards: Sequence[Shard], parse: ParseShard, resolved: ResolvedConfig, folders: Folders) -> Any:
    """Builds the pipeline: shards -> names of features whose vocabulary and statistics are written."""
    known = folders.known if resolved.data.stable_ids else None
    for folder in (folders.output.vocabularies, folders.statistics):
        files.remove(folder)  # what an interrupted run has left may be of features that are no more
        files.make_folder(folder)
    finish = FinishFeature(resolved.counted, folders.output.vocabularies, folders.statistics, known)
    return lambda root: (
        root
        # Reshuffled, or a runner would fuse the steps and give all shards to the one worker that has the list.
        | "Shards" >> beam.Create(shards, reshuffle=True)
        | "Parse" >> beam.ParDo(parse)
        | "Merge" >> beam.CombinePerKey(MergePartials())
        | "Summarise" >> beam.ParDo(SummarisePartial(resolved.counted))
        | "Buckets" >> beam.GroupByKey()
        | "Finish" >> beam.ParDo(finish)
    )


def _keep_rejected(resolved: ResolvedConfig, parsed: Sequence[ParsedShard], target: str) -> None:
    """Copies the rejected rows to where a person finds them, and refuses too many."""
    bad = [shard for shard in parsed if shard.record.rejected.reasons]
    if bad:
        files.make_folder(target)
    for number, shard in enumerate(bad):
        files.copy(shard.rejected_file, files.join(target, f"part-{number:05d}.parquet"))
    try:
        tally(parsed).check(resolved.data.max_bad_ratio)
    except DataError as error:
        raise DataError(f"{error}\n  all of them are in {target}") from None


def _judge_splits(resolved: ResolvedConfig, parsed: Sequence[ParsedShard]) -> None:
    """Says how many rows and positives each split has, and what speaks against measuring on them."""
    counts = add_counts(shard.record.splits for shard in parsed)
    check_counts(resolved.data, counts)
    say(f"preprocess: {describe(counts)}")
    unlabelled = tally(parsed).unlabelled
    if unlabelled:
        say(f"preprocess: {unlabelled:,} rows without a label are left out (data.unlabelled)")
    for sentence in warnings(counts):
        say(f"warning: {sentence}")
    with ThreadPoolExecutor(_READERS) as pool:
        samples = pool.map(lambda shard: RowSample.read(shard.sample_file), parsed)
        for sentence in sentences(shared_rows(RowSample.joined(samples))):
            say(sentence)


def _join_statistics(resolved: ResolvedConfig, parsed: Sequence[ParsedShard], folders: Folders) -> None:
    """Writes `statistics.json` out of the documents of each feature and split."""
    splits = [split for split in SPLITS if any(shard.counts(split).rows for shard in parsed)]
    # The names that `FinishFeature` gave to the files: both see the same features in the same order.
    safe_names = file_names([feature.name for feature in resolved.counted])

    def statistics_of(name: str, split: str) -> Statistics:
        return files.read_document(Statistics, files.join(folders.statistics, f"{safe_names[name]}.{split}.json"))

    by_split = {split: [statistics_of(feature.name, split) for feature in resolved.features] for split in splits}
    document = StatisticsDocument(
        features=mark_duplicates(by_split.pop("train")), splits=by_split, rejected=dict(tally(parsed).reasons.most_common())
    )
    files.write_document(folders.output.statistics_file, document)
